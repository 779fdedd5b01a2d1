import time
from tests.integration.billing.conftest import Run, AFTER_JANUARY
def test_perf(run: Run) -> None:
    for n in range(500):
        c = run.customer(f"c{n}")
        run.subscribe(c)
        run.used(c, "2024-01-01", "3")
    for name in ("sync","collect","advance","sync","collect","advance"):
        t=time.perf_counter()
        getattr(run,name)()
        print(name, time.perf_counter()-t)
