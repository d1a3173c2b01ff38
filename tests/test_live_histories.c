/* test_live_histories - whole live runs with faults, by seed: the real flow, live_worker and commits
 * over links that lose, with fake Redis, disk and clock (history.h has the drawing).
 *
 * In each history three dates of a small market arrive; processes are killed, stopped and started
 * again, links break, the disk is full, a second broker takes over, streams are trimmed. At the end the
 * journal must have exactly the hits of an undisturbed run. With a clause taken out (a mutant) it
 * must not.
 *
 *      test_live_histories                          the tests; TEST_LONG=1: ten times as many histories;
 *                                                   TEST_HISTORIES=N: so many
 *      test_live_histories --seed S                 replays one history, step by step
 *      test_live_histories --from A --count N       runs any number and names those that fail
 *      ... --mutant M                               with a clause taken out, by its number
 */
#include "history.h"

#include "check.h"
#include "log.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#ifdef __has_feature
#define SANITIZED __has_feature (address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define SEEDS        (SANITIZED ? 300 : 2000)
#define FEW          200 /* fewer are asked for where all is slow: mutants are not looked for then */
#define MUTANT_SEEDS 1000

static const char *const mutant_names[MUTANTS] = {
    [SOUND] = "sound",
    [DOWN_TAKES_ANY] = "worker takes any number",
    [UP_TAKES_ANY] = "collector takes any number",
    [NO_FLOORS] = "positions for floors",
    [REWIND_TO_POSITION] = "rewind to the position",
    [DATES_GO_UNCOMMITTED] = "dates let go before they are committed",
    [ANY_COMMIT_COUNTS] = "reports of ended sessions believed",
    [NO_CLOSED] = "closed dates not known again",
    [NO_WATCH] = "standing links not noticed",
    [PLACES_TOO_EARLY] = "places acknowledged before they are stored",
    [COMMITS_TOO_EARLY] = "the last transaction is not durable",
    [FAILED_IS_FORGOTTEN] = "failed transactions forgotten",
    [CLOCK_RUNS_AHEAD] = "the clock runs ahead of the reader",
    [OLD_STATE_KEPT] = "older state kept at BEGIN",
    [ONE_EPOCH] = "one epoch for all brokers",
    [MOVES_UNCOMMITTED] = "a moving shard begins before its commits",
    [MOVES_SKIP] = "what comes during a move is passed by",
    [MOVES_EMPTY] = "a move without state"};

static uint64_t seed_count (void)
{
    const char *count = getenv ("TEST_HISTORIES");
    uint64_t seeds = count ? strtoull (count, NULL, 10) : SEEDS;
    return getenv ("TEST_LONG") ? seeds * 10 : seeds;
}

static void show (const tally_t *tally)
{
    printf ("%" PRIu64 " runs, %" PRIu64 " steps, %" PRIu64 " faults, %" PRIu64 " deaths, %" PRIu64
            " brokers (%" PRIu64 " replaced), %" PRIu64 " rewinds, %" PRIu64 " sessions, %" PRIu64
            " detaches, %" PRIu64 " again, %" PRIu64 " asides, %" PRIu64 " trims, %" PRIu64
            " gaps, %" PRIu64 " hits, %" PRIu64 " repeats, %" PRIu64 " moves (%" PRIu64
            " handed over)\n",
            tally->runs, tally->steps, tally->faults, tally->deaths, tally->brokers,
            tally->replaced, tally->rewinds, tally->sessions, tally->detaches, tally->again,
            tally->asides, tally->trims, tally->gaps, tally->hits, tally->repeats, tally->moves,
            tally->handed);
}

/* Runs histories; returns how many failed, each named. */
static int run_many (uint64_t from, uint64_t count, mutant_t mutant, int most, tally_t *tally)
{
    char failure[200];
    int failed = 0;
    for (uint64_t seed = from; seed < from + count && failed < most; seed++) {
        if (!history_run (seed, mutant, false, tally, failure)) {
            print_error ("seed %" PRIu64 ": %s; to replay: test_live_histories --seed %" PRIu64
                         "\n",
                         seed, failure, seed);
            failed++;
        }
    }
    return failed;
}

/* In thousands of disturbed histories the journal has the hits of an undisturbed run, each once, and
 * every history comes to its end. */
static void test_histories (void **state)
{
    (void) state;
    tally_t tally = {0};
    assert_int_equal (run_many (0, seed_count (), SOUND, 5, &tally), 0);
    show (&tally);
    assert_true (tally.hits > tally.runs * 10);
    assert_true (tally.repeats > tally.runs && tally.deaths > tally.runs);
    assert_true (tally.handed > tally.runs && tally.handed > tally.moves / 2);
    assert_true (tally.runs < FEW ||
                 (tally.replaced > 0 && tally.asides > 0 && tally.detaches > 0 && tally.gaps > 0));
}

/* The same seed is the same history: what fails can be replayed. */
static void test_replay (void **state)
{
    (void) state;
    tally_t first = {0}, second = {0};
    run_many (0, 10, SOUND, 10, &first);
    run_many (0, 10, SOUND, 10, &second);
    assert_memory_equal (&first, &second, sizeof first);
}

/* Without any one clause, hits are lost, wrong or doubled, or a history is stuck. */
static void test_mutants (void **state)
{
    (void) state;
    char failure[200];
    int unfound = 0;
    if (seed_count () < FEW) {
        skip ();
    }
    for (mutant_t mutant = SOUND + 1; mutant < MUTANTS; mutant++) {
        tally_t tally = {0};
        uint64_t seed = 0;
        while (seed < MUTANT_SEEDS && history_run (seed, mutant, false, &tally, failure)) {
            seed++;
        }
        print_message ("%s: seed %" PRIu64 ": %s\n", mutant_names[mutant], seed,
                       seed < MUTANT_SEEDS ? failure : "NOT FOUND");
        unfound += seed == MUTANT_SEEDS;
    }
    assert_int_equal (unfound, 0);
}

static int run_by_hand (int argc, char **argv)
{
    uint64_t seed = 0, from = 0, count = 1;
    mutant_t mutant = SOUND;
    bool one = false;
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = strtoull (argv[i + 1], NULL, 10);
        if (strcmp (argv[i], "--seed") == 0) {
            seed = value;
            one = true;
        } else if (strcmp (argv[i], "--from") == 0) {
            from = value;
        } else if (strcmp (argv[i], "--count") == 0) {
            count = value;
        } else if (strcmp (argv[i], "--mutant") == 0 && value < MUTANTS) {
            mutant = (mutant_t) value;
        } else {
            fprintf (stderr, "unknown option '%s'\n", argv[i]);
            return 2;
        }
    }
    tally_t tally = {0};
    char failure[200];
    if (one) {
        log_init ("history", LOG_INFO, LOG_TEXT);
        bool good = history_run (seed, mutant, true, &tally, failure);
        puts (good ? "good" : failure);
        return good ? 0 : 1;
    }
    int failed = run_many (from, count, mutant, INT_MAX, &tally);
    show (&tally);
    printf ("%d failed\n", failed);
    return failed > 0;
}

int main (int argc, char **argv)
{
    if (exchange_init () != 0) {
        return 77;
    }
    setvbuf (stdout, NULL, _IOLBF, 0);
    log_init ("history", LOG_ERROR, LOG_TEXT);
    if (argc > 1) {
        return run_by_hand (argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_histories),
        cmocka_unit_test (test_replay),
        cmocka_unit_test (test_mutants),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
