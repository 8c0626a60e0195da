"""Files that are not what a reader expects, drawn by hypothesis."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The same draws in every run, none of them timed.
FUZZ = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def damaged(*contents: bytes):
    """Returns a strategy: any bytes, or one of `contents` cut off, with changes, or as it is."""
    return st.one_of(st.binary(max_size=300), st.sampled_from(contents).flatmap(_changed))


def _changed(content: bytes):
    place = st.integers(0, len(content) - 1)
    patch = st.tuples(place, st.binary(min_size=1, max_size=8))
    return st.builds(
        lambda patches, end: _patched(content, patches)[:end],
        st.lists(patch, max_size=4),
        st.one_of(st.just(len(content)), place),
    )


def _patched(content: bytes, patches: list[tuple[int, bytes]]) -> bytes:
    changed = bytearray(content)
    for start, values in patches:
        changed[start : start + len(values)] = values
    return bytes(changed)


def assert_read_or_refused(read, path, content: bytes, name: str | None = None) -> None:
    """Asserts that `read(path)` ends, or in a ValueError that names the file.

    Args:
      read: callable. Reads all of the file.
      path: path. The file that is written.
      content: bytes. What it holds.
      name: str. What the error has to name. Default: the file.
    """
    path.write_bytes(content)
    try:
        read(path)
    except ValueError as error:
        refusal = str(error)
    else:
        return
    assert (name or path.name) in refusal, f"{refusal!r} does not name {name or path.name}"
