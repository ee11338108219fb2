"""Counters of the server, and the last refused request of each kind for whoever looks into it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from collector.evidence.answers import WORDS


class Metrics:
    """One registry per server, so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "roundseal_batch_answers",
            "Answers to batches by their word.",
            ["status"],
            registry=self.registry,
        )
        self._by_word = {word: self.answers.labels(word) for word in sorted(WORDS)}
        self.results = Counter("roundseal_results", "Result lines logged.", registry=self.registry)
        self.seconds = Histogram(
            "roundseal_batch_request_seconds",
            "Time from reading a request of batches to its answer.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=self.registry,
        )
        self.clock_flags = Counter(
            "roundseal_clock_flags", "Batches logged with a clock far off.", registry=self.registry
        )
        self.alarms = Counter(
            "roundseal_seen_alarms",
            "Batches that name a tree head of ours that we know nothing of.",
            registry=self.registry,
        )
        self.log_size = Gauge("roundseal_log_entries", "Entries in the log.", registry=self.registry)
        self.published = Gauge(
            "roundseal_checkpoint_size", "Size of the newest published checkpoint.", registry=self.registry
        )
        self.frozen = Gauge(
            "roundseal_checkpoint_frozen", "1 while no checkpoint may be signed.", registry=self.registry
        )
        self.waiting = Gauge(
            "roundseal_waiting_batches", "Batches waiting for their commit.", registry=self.registry
        )

    def answered(self, word: str) -> None:
        """Count one answer."""
        self._by_word[word].inc()
