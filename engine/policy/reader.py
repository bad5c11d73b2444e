"""Strict YAML: what could be read in two ways is refused, and every value knows its line."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from engine.errors import PolicyError

Path_ = tuple[str | int, ...]
Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PLAIN_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
TAG = "tag:yaml.org,2002:"


class Document:
    """A YAML file's values, with the line of each of them.

    Attributes:
        file: the name to show in errors.
        lines: the line of the value at each path, that of its key if it has one.
        value: plain dicts, lists, text, integers, dates, booleans and None.

    Raises:
        PolicyError: the text is not valid YAML, or could be read in two ways.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines: dict[Path_, int] = {}
        self._seen: set[int] = set()
        try:
            node = yaml.compose(text, Loader=Base)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 0
            detail = str(getattr(error, "problem", None) or error)
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
        inner.lines = {path[1:]: line for path, line in self.lines.items() if path[:1] == (key,)}
        return inner

    def line(self, path: Path_) -> int:
        """Return the line of the value at this path, or of the nearest one that encloses it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

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
        if isinstance(found, dict):
            return "，".join(str(part) for part in found.values())
        return str(found)

    def error(self, code: str, path: Path_, zh: str, en: str) -> PolicyError:
        """Return an error that names this file and the line of the path."""
        return PolicyError(code, zh, en, file=self.file, line=self.line(path))

    def _refused(self, node: yaml.Node, code: str, zh: str, en: str) -> PolicyError:
        return PolicyError(code, zh, en, file=self.file, line=node.start_mark.line + 1)

    def _build(self, node: yaml.Node, path: Path_) -> Any:
        if id(node) in self._seen:
            raise self.error(
                "alias",
                path,
                "不接受引用（*）：每个值须写在它生效的地方",
                "references (*) are not read: write every value where it holds",
            )
        self._seen.add(id(node))
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, (*path, k)) for k, child in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        text = node.value
        if node.tag == TAG + "float":
            raise self._refused(
                node,
                "bare_decimal",
                f"小数 {text} 未加引号，会按浮点数读入而失真；"
                "金额请写成带引号的文本，比例请写 85% 的形式",
                f"the bare decimal {text} would be read as a float; quote an amount, "
                "write a rate as 85%",
            )
        if node.tag == TAG + "int" and not PLAIN_INTEGER.fullmatch(text):
            raise self._refused(
                node,
                "odd_integer",
                f"{text} 会按八进制、六十进制等读成另一个数；请写成普通整数，文本请加引号",
                f"{text} would be read as another number (octal, base 60 and the like); "
                "write a plain integer, quote a text",
            )
        # YAML 1.1 takes on, off, yes and no for booleans; here only true and false are.
        if node.tag == TAG + "bool" and text.lower() not in {"true", "false"}:
            return text
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self._refused(
                node,
                "yaml",
                f"读不出 {text!r}：不是合法的日期或值",
                f"{text!r} cannot be read: it is no valid date or value",
            ) from error

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[Hashable, Any]:
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                shown = "[…]" if key is None else repr(key)
                raise self._refused(
                    key_node,
                    "key_not_text",
                    f"键 {shown} 不是文本，请加引号",
                    f"the key {shown} is not text; quote it",
                )
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            if key in result:
                raise self.error(
                    "repeated_key",
                    (*path, key),
                    f"键 {key!r} 重复，后者会悄悄覆盖前者；请删去一个",
                    f"the key {key!r} stands twice and one would silently win; remove one",
                )
            try:
                result[key] = self._build(value_node, (*path, key))
            except PolicyError as error:
                error.within = error.within if path else key
                raise
        return result


def read_document(path: Path, name: str | None = None) -> Document:
    """Return a YAML file, read strictly.

    Raises:
        PolicyError: the file is not UTF-8 or not valid YAML, or could be read in two ways.
    """
    name = name or path.as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(
            "yaml",
            "文件不是 UTF-8 编码（可能是 GBK），读出的汉字会错；请另存为 UTF-8",
            "the file is not UTF-8 (GBK, perhaps) and would be read wrong; save it as UTF-8",
            file=name,
        ) from error
    return Document(name, text)
