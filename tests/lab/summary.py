"""One line a run while it goes, and the table at the end."""

import collections

import judge

_COLUMNS = f"{'scenario':<13}{'runs':>6}{'right':>7}{'wrong':>7}{'undecided':>11}{'failed':>8}"
_COLUMNS += f"{'mean s':>9}{'max s':>9}{'changes before proof':>22}"


class Summary:
    """Collects results."""

    def __init__(self):
        self._results = collections.defaultdict(list)
        self._more_passed = 0
        self._more_failed = 0

    def add(self, result, finished=None):
        """Counts a run and prints its line; one that did not pass shows what the program said."""
        self._results[result.scenario].append(result)
        mark = "ok  " if result.passed else "FAIL"
        changes = "" if result.changes is None else f"  {result.changes} changes"
        writes = f" ({result.writes} writes)" if result.writes else ""
        line = f"{mark}  {result.scenario:<12} {result.title:<46} {result.verdict:<9}"
        print(f"{line} {result.seconds:7.2f} s{changes}{writes}", flush=True)
        for complaint in result.complaints:
            print(f"        {complaint}", flush=True)
        if finished is not None and not result.passed:
            for text in finished.stderr.splitlines()[-12:]:
                print(f"        | {text}", flush=True)

    def add_checks(self, checks):
        """Counts the self-test's checks."""
        self._more_passed += checks.passed
        self._more_failed += checks.failed

    def close(self):
        """Prints the table and the last line; returns how many failed."""
        if self._results:
            print(f"\n{_COLUMNS}")
        for scenario, results in self._results.items():
            print(_row(scenario, results))
        every = [result for results in self._results.values() for result in results]
        passed = self._more_passed + sum(result.passed for result in every)
        failed = self._more_failed + sum(not result.passed for result in every)
        print(f"{passed} passed, {failed} failed", flush=True)
        return failed


def _row(scenario, results):
    count = collections.Counter(result.verdict for result in results)
    seconds = [result.seconds for result in results]
    changes = [result.changes for result in results if result.changes is not None]
    shown = f"{sum(changes) / len(changes):.1f}, at most {max(changes)}" if changes else ""
    row = f"{scenario:<13}{len(results):>6}{count[judge.RIGHT]:>7}{count[judge.WRONG]:>7}"
    row += f"{count[judge.UNDECIDED]:>11}{count[judge.FAILED]:>8}"
    return row + f"{sum(seconds) / len(seconds):>9.2f}{max(seconds):>9.2f}{shown:>22}"
