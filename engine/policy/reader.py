"""Strict YAML: repeated keys and bare decimals are refused, and every value knows its line."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from engine.errors import PolicyError

Path_ = tuple[str | int, ...]
Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document:
    """A YAML file's values, with the line of each of them.

    Attributes:
        file: the name to show in errors.
        value: plain dicts, lists, text, integers, dates, booleans and None.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._lines: dict[Path_, int] = {}
        try:
            node = yaml.compose(text, Loader=Base)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 0
            detail = str(getattr(error, "problem", error))
            raise PolicyError(
                "yaml",
                f"不是合法的 YAML：{detail}",
                f"not valid YAML: {detail}",
                file=file,
                line=line,
            ) from error
        self._scalars = Base("")
        self.value: Any = None if node is None else self._build(node, ())

    def part(self, key: str) -> "Document":
        """Return the mapping under a key as a document of its own, its lines kept."""
        inner = Document.__new__(Document)
        inner.file = self.file
        inner.value = self.value[key]
        inner._lines = {path[1:]: line for path, line in self._lines.items() if path[:1] == (key,)}
        return inner

    def line(self, path: Path_) -> int:
        """Return the line of the value at this path, or of the nearest one that encloses it."""
        while path not in self._lines and path:
            path = path[:-1]
        return self._lines.get(path, 1)

    def source(self, path: Path_) -> str:
        """Return the source of the value at this path: that of the nearest mapping that has one.

        Raises:
            PolicyError: `no_source`, nothing above the value names one.
        """
        value, found = self.value, None
        for key in (*path, None):
            if isinstance(value, dict) and value.get("source") is not None:
                found = value["source"]
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and isinstance(key, int):
                value = value[key]
        if found is None:
            raise self.error(
                "no_source", path, "此值没有来源（source）", "this value has no source"
            )
        if isinstance(found, str):
            return found
        return "，".join(str(part) for part in found.values())

    def error(self, code: str, path: Path_, zh: str, en: str) -> PolicyError:
        """Return an error that names this file and the line of the path."""
        return PolicyError(code, zh, en, file=self.file, line=self.line(path))

    def _build(self, node: yaml.Node, path: Path_) -> Any:
        self._lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, (*path, k)) for k, child in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:float":
            raise self.error(
                "bare_decimal",
                path,
                f"小数 {node.value} 未加引号，会按浮点数读入而失真；金额请写成带引号的文本，比例请写 85% 的形式",
                f"the bare decimal {node.value} would be read as a float; quote an amount, "
                "write a rate as 85%",
            )
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        # YAML 1.1 takes on, off, yes and no for booleans; here only true and false are.
        if node.tag.endswith(":bool") and node.value.lower() not in {"true", "false"}:
            return node.value
        return self._scalars.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[Hashable, Any]:
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node)
            self._lines[(*path, key)] = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise self.error(
                    "key_not_text",
                    (*path, key),
                    f"键 {key!r} 不是文本，请加引号",
                    f"the key {key!r} is not text; quote it",
                )
            if key in result:
                raise self.error(
                    "repeated_key",
                    (*path, key),
                    f"键 {key!r} 重复，后者会悄悄覆盖前者；请删去一个",
                    f"the key {key!r} stands twice and one would silently win; remove one",
                )
            result[key] = self._build(value_node, (*path, key))
        return result


def read_document(path: Path, name: str | None = None) -> Document:
    """Return a YAML file, read strictly.

    Raises:
        PolicyError: the file is not valid YAML, repeats a key or holds a bare decimal.
    """
    return Document(name or path.as_posix(), path.read_text(encoding="utf-8"))
