"""Wrong usage of the command line, told in Chinese and English."""

import re
import sys
from typing import NoReturn

from typer.exceptions import TyperException

from pipelines.commands.output import WRONG_USAGE, tell

KINDS = {"file": "文件", "dir": "文件夹", "path": "路径"}

FORMS = (
    (r"(file|dir|path) '(.*)' does not exist\.", "{kind} {1} 不存在；请核对路径"),
    (r"(file|dir|path) '(.*)' is a directory\.", "{1} 是文件夹；这里要一个文件"),
    (r"(file|dir|path) '(.*)' is a file\.", "{1} 是文件；这里要一个文件夹"),
    (r"(file|dir|path) '(.*)' is not readable\.", "{kind} {1} 无权读取；请核对权限"),
    (r".*?'(.*)' does not match the formats? '%Y-%m-%d'\.", "{0} 不是日期；请写成如 2024-03-31"),
    (r".*?'(.*)' does not match the formats? '%Y-%m'\.", "{0} 不是月份；请写成如 2024-03"),
    (r".*?'([^']*)' is not one of (.*)\.", "{0} 不在可选之列；请用 {1} 之一"),
    (r"Input should be a valid (?:integer|number).*", "不是数字；请写半角数字，不带逗号"),
    (r"Missing (?:argument|option|parameter) (.*?)\..*", "缺少 {0}；请补上"),
    (r"Missing command\.", "缺少子命令；请补上"),
    (r"No such option: (\S+)(.*)", "没有选项 {0}；请核对拼写"),
    (r"No such command '(.*?)'\.(.*)", "没有命令 {0}；请核对拼写"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", "多出 {0}；含空格的内容请加引号"),
    (r"Option (.*) requires .*", "选项 {0} 之后缺少内容；请补上"),
    (r"Option (.*) does not take a value\.", "选项 {0} 之后不带内容；请去掉"),
)
"""What the parser says, as a pattern, and the same in Chinese."""

OF_A_VALUE = re.compile(r"Invalid value for (.+?): (.*)", re.DOTALL)


def in_chinese(message: str) -> str:
    """Return what the parser says of wrong usage in Chinese; what is not known stays as it is."""
    of_a_value = OF_A_VALUE.fullmatch(message)
    if of_a_value:
        return f"{of_a_value[1]}：{in_chinese(of_a_value[2])}"
    for pattern, told in FORMS:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            return told.format(*found.groups(), kind=KINDS.get(found[1] if found.re.groups else ""))
    return f"用法有误：{message}"


def refuse_usage(error: TyperException) -> NoReturn:
    """Tell wrong usage in both languages, with the form of the command, and exit.

    A command that was called without anything asks for its help: this is shown as it is.
    """
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if context is not None and message == context.get_help():
        tell(message)
        sys.exit(WRONG_USAGE)
    tell(f"[wrong_usage] {in_chinese(message)}\n{message}")
    if context is not None:
        tell(f"{context.get_usage()}\n说明 | help: {context.command_path} --help")
    sys.exit(WRONG_USAGE)
