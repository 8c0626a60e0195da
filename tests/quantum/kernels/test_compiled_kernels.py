"""What is compiled is compiled again where a kernel that it calls has changed."""

from harness import ROOT

from qlatent_tf.quantum import compiled


@compiled.kernel
def doubled(x):
    return 2 * x


def test_a_kernel_is_compiled_again_where_any_of_them_changes(monkeypatch):
    assert doubled(3) == 6
    (signature,) = doubled.signatures
    codegen = doubled._cache._impl and doubled.targetctx.codegen()
    key = doubled._cache._index_key(signature, codegen)
    assert key == doubled._cache._index_key(signature, codegen)
    monkeypatch.setattr(compiled, "_sources", lambda: "others")
    assert key != doubled._cache._index_key(signature, codegen)


def test_all_files_of_kernels_are_looked_at(monkeypatch):
    read = []
    monkeypatch.setattr(
        "pathlib.Path.read_bytes", lambda path: read.append(path) or path.name.encode()
    )
    compiled._sources.__wrapped__()
    kernels = {
        path
        for path in (ROOT / "qlatent_tf").rglob("*.py")
        if "quantum.compiled import kernel" in path.read_text(encoding="utf-8")
    }
    assert len(kernels) > 10 and kernels <= set(read)
