"""A flame graph: stacks as bars, each as wide as its share of the samples, callers below.

    {(process, function, ...): samples} --> build --> tree --> draw --> SVG

One file that needs nothing else: a bar says its name and share when it is pointed at.
"""
from xml.sax.saxutils import escape, quoteattr

WIDTH, ROW, TOP, SIDE = 1200, 17, 44, 10
LEAST = 0.6  # narrower bars are not drawn
LETTER = 6.6  # of the text's width, about
HUES = {"broker": 25, "worker": 140, "collector": 210, "producer": 285, "redis-server": 345}


class Node:
    def __init__(self, name):
        self.name, self.total, self.children = name, 0, {}


def build(folded):
    root = Node("all")
    for path, count in folded.items():
        root.total += count
        node = root
        for name in path:
            node = node.children.setdefault(name, Node(name))
            node.total += count
    return root


def depth_of(node, least):
    """Rows that are drawn: those of bars of `least` samples."""
    return 1 + max((depth_of(child, least) for child in node.children.values() if child.total >= least), default=0)


def color(process, name, depth):
    """Of the process; functions differ a little, always alike."""
    shade = sum(name.encode()) % 5
    return f"hsl({HUES.get(process, 50)},{62 + 4 * shade}%,{82 - 3 * (depth % 2) - 2 * shade}%)"


def draw_bar(node, x, width, y, process, depth, all_samples):
    share = f"{node.name}: {100 * node.total / all_samples:.1f} % ({node.total} samples)"
    letters = int((width - 6) / LETTER)
    text = ""
    if letters >= 3:
        shown = node.name if len(node.name) <= letters else node.name[:letters - 2] + ".."
        text = f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text>'
    return (f'<g><title>{escape(share)}</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" '
            f"fill={quoteattr(color(process, node.name, depth))}/>{text}</g>")


def draw(folded, title):
    root = build(folded)
    rows = depth_of(root, LEAST * root.total / (WIDTH - 2 * SIDE))
    height = TOP + rows * ROW + SIDE
    bars = []

    def walk(node, x, depth, process):
        width = (WIDTH - 2 * SIDE) * node.total / max(root.total, 1)
        if width < LEAST:
            return
        bars.append(draw_bar(node, x, width, height - SIDE - (depth + 1) * ROW, process, depth, root.total))
        for child in sorted(node.children.values(), key=lambda one: one.name):
            walk(child, x, depth + 1, child.name if depth == 0 else process)
            x += (WIDTH - 2 * SIDE) * child.total / root.total

    walk(root, SIDE, 0, "all")
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="monospace" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fdfdfb"/>',
        f'<text x="{WIDTH / 2:.0f}" y="26" font-size="16" text-anchor="middle">{escape(title)}</text>',
        *bars, "</svg>", ""])
