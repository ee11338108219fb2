"""Whatever a plug-in prints is read into something that can be signed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sources import perfdata


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="a'= |;U1.5e%\n内", max_size=60).map(str.encode))
def test_any_output_of_a_plugin_is_read_into_something_that_can_be_signed(output):
    _text, values = perfdata.split(output)
    found, unread = perfdata.parse(values)
    assert unread >= 0
    assert len({item.label for item in found}) == len(found)
    for item in found:
        assert item.label.encode() and item.label.isprintable()
        item.unit.encode()
