#!/usr/bin/env python3
"""What a rendered installation says, looked at and taken apart.

    pods.py check RENDERED...                     the rules that a schema does not know
    pods.py pods SUBNET DIR RENDERED...           a file DIR/NAME.yaml for each pod, as `podman kube play` takes it

podman 4.3 plays pods. What a cluster would make of the rest is made here, in the plain way:
  - a StatefulSet's or Deployment's pods from its template, NAME-0, NAME-1, ...; a Job's pod from its; claims become
    volumes of their name;
  - a Service's and a pod's names become hostAliases, and each pod gets an address of SUBNET (in DIR/NAME.ip);
  - what podman does not know is replaced: fsGroup and Secrets by volumes that were filled before, httpGet probes by
    `fastscanner health`, references to labels and ConfigMaps by their values;
  - what it has no meaning for (spread, quotas of empty directories) is left out.
"""
import copy
import ipaddress
import os
import sys

import yaml

PODS = {"StatefulSet", "Deployment", "Job"}
# DESIGN.md's arrows: who dials whom, on which ports. DNS is everybody's.
CONTROL_AND_DATA, CONTROL, HITS, REDIS = (5555, 5811), (5555, 5555), (5600, 5600), (6379, 6379)
ARROWS = {("worker", "broker", CONTROL_AND_DATA), ("worker", "collector", HITS),
          ("collector", "broker", CONTROL), ("broker", "redis", REDIS), ("collector", "redis", REDIS),
          ("load", "redis", REDIS)}
SECRETS = {"broker", "collector", "worker", "redis", "producer"}  # of make-secrets


def load(paths):
    objects = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            objects += [one for one in yaml.safe_load_all(file) if one]
    return objects


def of_kind(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def name(one):
    return one["metadata"]["name"]


def template(one):
    return one["spec"]["template"]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


# ---- check ----

def matches(selector, labels):
    same = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return same and all(labels.get(one["key"]) in one["values"] and one["operator"] == "In"
                        for one in selector.get("matchExpressions", []))


def check_restricted(one):
    """The rules of the Pod Security Standard `restricted`, and a root that cannot be written."""
    spec, errors = template(one)["spec"], []
    security = spec.get("securityContext", {})
    wanted = [("runAsNonRoot", security.get("runAsNonRoot") is True),
              ("runAsUser", security.get("runAsUser", 0) > 0),
              ("seccompProfile", security.get("seccompProfile") == {"type": "RuntimeDefault"}),
              ("enableServiceLinks", spec.get("enableServiceLinks") is False),
              ("automountServiceAccountToken", spec.get("automountServiceAccountToken") is False),
              ("host namespaces", not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")))]
    for container in containers(spec):
        own = container.get("securityContext", {})
        wanted += [("allowPrivilegeEscalation", own.get("allowPrivilegeEscalation") is False),
                   ("readOnlyRootFilesystem", own.get("readOnlyRootFilesystem") is True),
                   ("capabilities", own.get("capabilities") == {"drop": ["ALL"]}),
                   ("requests", {"cpu", "memory"} <= set(container.get("resources", {}).get("requests", {}))),
                   ("memory limit", "memory" in container.get("resources", {}).get("limits", {}))]
        if one["kind"] != "Job":
            wanted += [(probe, probe in container) for probe in ("livenessProbe", "readinessProbe")]
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        wanted.append(("volume types", kinds <= {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}))
        if "secret" in volume:
            wanted.append(("secret modes", volume["secret"].get("defaultMode") == 0o440))
    for what, right in wanted:
        if not right:
            errors.append(f"{one['kind']} {name(one)}: {what}")
    return errors


def check_references(objects):
    errors = []
    pods = of_kind(objects, *PODS)
    labels = [template(one)["metadata"]["labels"] for one in pods]
    known = {"configMap": {name(one) for one in of_kind(objects, "ConfigMap")}, "secret": SECRETS,
             "persistentVolumeClaim": {name(one) for one in of_kind(objects, "PersistentVolumeClaim")} | {"market"}}
    keys = {"configMap": "name", "secret": "secretName", "persistentVolumeClaim": "claimName"}
    for one in pods:
        spec = template(one)["spec"]
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        volumes |= {name(claim) for claim in one["spec"].get("volumeClaimTemplates", [])}
        for volume in spec.get("volumes", []):
            for kind, key in keys.items():
                if kind in volume and volume[kind][key] not in known[kind]:
                    errors.append(f"{name(one)}: no {kind} {volume[kind][key]}")
        for container in containers(spec):
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    errors.append(f"{name(one)}: no volume {mount['name']}")
            for variable in container.get("env", []):
                wanted = variable.get("valueFrom", {}).get("configMapKeyRef", {}).get("name")
                if wanted and wanted not in known["configMap"]:
                    errors.append(f"{name(one)}: no ConfigMap {wanted}")
        if one["kind"] != "Job" and not matches(one["spec"]["selector"], template(one)["metadata"]["labels"]):
            errors.append(f"{name(one)}: its selector does not match its pods")
    selectors = [(one, {"matchLabels": one["spec"]["selector"]}) for one in of_kind(objects, "Service")]
    selectors += [(one, one["spec"]["selector"]) for one in of_kind(objects, "PodDisruptionBudget")]
    selectors += [(one, one["spec"]["podSelector"]) for one in of_kind(objects, "NetworkPolicy")]
    for one, selector in selectors:
        if not any(matches(selector, of) for of in labels):
            errors.append(f"{one['kind']} {name(one)} selects no pod")
    targets = {(one["kind"], name(one)) for one in pods}
    for one in of_kind(objects, "HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in targets:
            errors.append(f"HorizontalPodAutoscaler {name(one)}: no {target['name']}")
    return errors


def ends(peers, apps):
    """The apps that a rule's peers are. Those of another namespace by their label."""
    found = set()
    for peer in peers:
        selector = peer.get("podSelector", {})
        found |= {app for app in apps if matches(selector, {"app": app})}
    return found


def ranges(rule):
    return {(port["port"], port.get("endPort", port["port"])) for port in rule["ports"]}


def check_arrows(objects):
    """What policies let through is DESIGN.md's arrows, no more and no less, and both ends agree."""
    apps = {"broker", "worker", "collector", "redis", "load"}
    there = {template(one)["metadata"]["labels"]["app"] for one in of_kind(objects, *PODS)}
    out, into, denied = set(), set(), False
    for one in of_kind(objects, "NetworkPolicy"):
        spec = one["spec"]
        if spec["podSelector"] == {}:
            denied = denied or ("ingress" not in spec and "egress" not in spec and len(spec["policyTypes"]) == 2)
            continue
        for subject in ends([{"podSelector": spec["podSelector"]}], apps):
            for rule in spec.get("egress", []):
                out |= {(subject, app, ports) for app in ends(rule["to"], apps) for ports in ranges(rule)}
            for rule in spec.get("ingress", []):
                into |= {(app, subject, ports) for app in ends(rule["from"], apps) for ports in ranges(rule)}
    wanted_out = {arrow for arrow in ARROWS if arrow[0] in there}
    wanted_into = {arrow for arrow in ARROWS if arrow[1] in there}
    errors = [] if denied else ["no policy denies everything first"]
    for what, has, wanted in (("out of", out, wanted_out), ("into", into, wanted_into)):
        errors += [f"an arrow {what} a pod that is not DESIGN.md's: {one}" for one in sorted(has - wanted)]
        errors += [f"an arrow {what} a pod is not let through: {one}" for one in sorted(wanted - has)]
    return errors


def check_cells(objects):
    """As many brokers as `cells` says, and workers for each."""
    cells = next(int(one["data"]["cells"]) for one in of_kind(objects, "ConfigMap") if "cells" in one["data"])
    broker = next(one for one in of_kind(objects, "StatefulSet") if name(one) == "broker")
    workers = {template(one)["metadata"]["labels"]["cell"] for one in of_kind(objects, "Deployment")}
    errors = []
    if broker["spec"]["replicas"] != cells:
        errors.append(f"{broker['spec']['replicas']} brokers for {cells} cells")
    if workers != {str(cell) for cell in range(cells)}:
        errors.append(f"workers for the cells {sorted(workers)}, there are {cells}")
    for one in of_kind(objects, "HorizontalPodAutoscaler"):
        metric = one["spec"]["metrics"][0]["external"]["metric"]["selector"]["matchLabels"]["cell"]
        if one["spec"]["scaleTargetRef"]["name"] != f"worker-{metric}":
            errors.append(f"{name(one)} follows the lag of cell {metric}")
    return errors


def check(paths):
    objects = load(paths)
    errors = [error for one in of_kind(objects, *PODS) for error in check_restricted(one)]
    errors += check_references(objects) + check_arrows(objects) + check_cells(objects)
    for error in errors:
        print(f"pods.py: {error}", file=sys.stderr)
    return 1 if errors else 0


# ---- pods ----

def instances(objects):
    """(name of the pod, its template, its object)"""
    scaled = {one["spec"]["scaleTargetRef"]["name"]: one["spec"]["minReplicas"]
              for one in of_kind(objects, "HorizontalPodAutoscaler")}
    for one in of_kind(objects, *PODS):
        count = scaled.get(name(one), one["spec"].get("replicas", 1))
        for index in range(count):
            yield f"{name(one)}-{index}", template(one), one


def value_of(variable, labels, maps):
    where = variable.get("valueFrom", {})
    if "configMapKeyRef" in where:
        return maps[where["configMapKeyRef"]["name"]][where["configMapKeyRef"]["key"]]
    if "fieldRef" in where:
        return labels[where["fieldRef"]["fieldPath"].split("'")[1]]
    return variable["value"]


def volume_for(volume, pod):
    """Every volume but ConfigMaps and empty directories is a named one of podman's."""
    kept = {"name": volume["name"]}
    if "secret" in volume:
        kept["persistentVolumeClaim"] = {"claimName": f"fastscanner-try-secrets-{volume['secret']['secretName']}"}
    elif "persistentVolumeClaim" in volume:
        kept["persistentVolumeClaim"] = {"claimName": f"fastscanner-try-{volume['persistentVolumeClaim']['claimName']}"}
    elif "emptyDir" in volume:
        kept["persistentVolumeClaim"] = {"claimName": f"fastscanner-try-{pod}-{volume['name']}"}
    else:
        kept["configMap"] = volume["configMap"]
    return kept


def play_container(container, labels, maps):
    kept = {key: container[key] for key in
            ("name", "image", "imagePullPolicy", "command", "args", "securityContext", "resources", "volumeMounts")
            if key in container}
    kept["securityContext"] = {**kept["securityContext"], "runAsUser": 10001, "runAsGroup": 10001}
    kept["env"] = [{"name": one["name"], "value": value_of(one, labels, maps)} for one in container.get("env", [])]
    probe = container.get("livenessProbe", {})
    if "httpGet" in probe:
        kept["livenessProbe"] = {"exec": {"command": ["fastscanner", "health", "--http", "8080"]},
                                 **{key: probe[key] for key in probe if key != "httpGet"}}
    return kept


def aliases(pods, addresses):
    """Names in the cluster's DNS: each pod under its Service, and the Service of one pod."""
    found = []
    for pod, _, one in pods:
        service = one["spec"].get("serviceName")
        if service:
            found.append({"ip": addresses[pod], "hostnames": [f"{pod}.{service}", service]})
    return found


def make_pods(subnet, directory, paths):
    objects = load(paths)
    maps = {name(one): one["data"] for one in of_kind(objects, "ConfigMap")}
    pods = list(instances(objects))
    hosts = list(ipaddress.ip_network(subnet).hosts())
    addresses = {pod: str(hosts[10 + index]) for index, (pod, _, _) in enumerate(pods)}
    for pod, of, one in pods:
        of = copy.deepcopy(of)
        labels = of["metadata"]["labels"]
        spec = of["spec"]
        volumes = [volume_for(volume, pod) for volume in spec.get("volumes", [])]
        volumes += [volume_for({"name": name(claim), "persistentVolumeClaim": {"claimName": f"{pod}-{name(claim)}"}}, pod)
                    for claim in one["spec"].get("volumeClaimTemplates", [])]
        kept = {"hostname": pod, "restartPolicy": spec.get("restartPolicy", "Always"), "volumes": volumes,
                "hostAliases": aliases(pods, addresses),
                "containers": [play_container(each, labels, maps) for each in spec["containers"]]}
        if "initContainers" in spec:
            kept["initContainers"] = [play_container(each, labels, maps) for each in spec["initContainers"]]
        used = {volume["configMap"]["name"] for volume in volumes if "configMap" in volume}
        played = [one for one in of_kind(objects, "ConfigMap") if name(one) in used]
        played.append({"apiVersion": "v1", "kind": "Pod",
                       "metadata": {"name": f"fastscanner-try-{pod}", "labels": labels}, "spec": kept})
        with open(os.path.join(directory, f"{pod}.yaml"), "w", encoding="utf-8") as file:
            yaml.safe_dump_all(played, file, sort_keys=False)
        with open(os.path.join(directory, f"{pod}.ip"), "w", encoding="utf-8") as file:
            file.write(addresses[pod])
        print(pod)
    return 0


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "check":
        sys.exit(check(sys.argv[2:]))
    if len(sys.argv) > 4 and sys.argv[1] == "pods":
        sys.exit(make_pods(sys.argv[2], sys.argv[3], sys.argv[4:]))
    sys.exit(__doc__)
