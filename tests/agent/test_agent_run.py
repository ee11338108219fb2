"""A real agent process against a real (stand-in) collector: from plan to proven batch."""


def test_an_agent_looks_signs_sends_and_proves_that_the_log_holds_it(
    collector, state, start_agent, until, item
):
    digest = collector.serve_plan(items=[item()])
    process = start_agent(state)

    def seen():  # a slow machine's first look may outlast its slot, and the next is an error then
        return [line for line in collector.results() if "state" in line]

    until(lambda: len(seen()) >= 2)
    errors = start_agent.end(process)
    assert process.returncode == 0, errors
    result = seen()[0]
    assert (result["check"], result["vantage"], result["state"]) == ("host.load", "web-01", result["state"])
    headers = collector.headers()
    assert [header.seq for header in headers] == list(range(len(headers)))
    assert {header.plan for header in headers} == {digest}
