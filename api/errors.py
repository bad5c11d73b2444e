"""Refusals and failures as application/problem+json, from one table of codes.

No answer repeats what the caller sent beyond an engine message, and no answer of the 500s says
anything of our files; the log has it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.access_log import request_id
from api.schemas.problem import Problem
from engine.errors import (
    CaseError,
    ClaimError,
    EngineError,
    InvariantError,
    PolicyError,
    StorageError,
)

MEDIA_TYPE: Final = "application/problem+json"
PLACES_SHOWN: Final = 10
SERVER_ERROR: Final = 500


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its status and its titles."""

    status: int
    title: str
    title_zh: str


KINDS: Final[Mapping[str, Kind]] = {
    "bad_request": Kind(400, "The request cannot be read", "请求无法读取"),
    "not_signed": Kind(401, "The request is not signed", "请求没有签名"),
    "signature_wrong": Kind(401, "The signature does not match", "签名不符"),
    "signature_expired": Kind(401, "The signature has expired", "签名已过期"),
    "request_replayed": Kind(401, "The signature was used before", "签名已使用过"),
    "not_found": Kind(404, "There is nothing at this address", "此地址没有内容"),
    "no_policy": Kind(404, "There is no policy for this region and scheme", "没有该地区险种的政策"),
    "no_night": Kind(404, "No night has been published yet", "尚未发布任何一夜的结算"),
    "method_not_allowed": Kind(405, "This address does not take this method", "不支持此请求方法"),
    "message_differs": Kind(409, "The message id has another body", "报文号已用于另一内容"),
    "event_not_allowed": Kind(409, "The event may not follow here", "此处不能发生该事件"),
    "content_too_large": Kind(413, "The request is too large", "请求过大"),
    "invalid_request": Kind(422, "The request does not match the interface", "请求不符合接口格式"),
    "claim_refused": Kind(422, "The claim cannot be used as it stands", "申报数据不能使用"),
    "internal": Kind(500, "An error of this service", "本服务内部错误"),
    "policy_refused": Kind(503, "A policy file of this service is refused", "本服务的政策文件有误"),
    "storage_unavailable": Kind(503, "The store cannot be read", "存储无法读取"),
}

_FAMILIES: Final[tuple[tuple[type[EngineError], str], ...]] = (
    (ClaimError, "claim_refused"),
    (PolicyError, "policy_refused"),
    (CaseError, "event_not_allowed"),
    (StorageError, "storage_unavailable"),
)
_HTTP_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "content_too_large"}
_FAILED: Final = (
    "服务未能完成请求，请凭请求编号联系管理员 | "
    "the service could not complete the request; give the request id to its operator"
)
_REASONS: Final[Mapping[str, str]] = {
    "missing": "缺少必填项 is required",
    "extra_forbidden": "不是接口的字段 is no field of this interface",
    "json_invalid": "不是合法的 JSON is not valid JSON",
    "string_pattern_mismatch": "格式不符 does not match the published pattern",
    "date_format": "应为 yyyy-MM-dd 形式的日期 must be a date as yyyy-MM-dd",
    "model_attributes_type": "应为 JSON 对象 must be a JSON object",
    "string_type": "应为文本 must be text",
    "int_type": "应为整数 must be an integer",
    "literal_error": "不在允许的取值内 is none of the allowed values",
    "union_tag_invalid": "没有这种事件 is no kind of event",
    "union_tag_not_found": "没有这种事件 is no kind of event",
    "too_long": "条目过多 has too many entries",
    "too_short": "条目过少 has too few entries",
}


class NotPublishedError(Exception):
    """No night has been published yet."""


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that may answer with these problems."""
    schema = Problem.model_json_schema()
    statuses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        answer = statuses.setdefault(
            KINDS[code].status, {"description": "", "content": {MEDIA_TYPE: {"schema": schema}}}
        )
        answer["description"] = " · ".join(filter(None, (answer["description"], code)))
    return statuses


def install(app: FastAPI) -> None:
    """Make the application answer every refusal and failure with a problem."""
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(NotPublishedError, _not_published)
    app.add_exception_handler(EngineError, _engine_problem)
    app.add_exception_handler(Exception, _failure)


def _answer(
    request: Request, code: str, kind: Kind, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = Problem(
        type=f"urn:jiesuan:problem:{code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=code,
        title_zh=kind.title_zh,
        instance=f"urn:jiesuan:request:{request_id(request.scope)}",
    )
    return JSONResponse(body.model_dump(), kind.status, headers, MEDIA_TYPE)


def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    ours = frozenset(_published_names(request.app.openapi()))
    shown = [f"{_place(fault['loc'], ours)} {_reason(fault)}" for fault in faults[:PLACES_SHOWN]]
    detail = (
        f"{len(faults)} 处不符合接口格式，见 /openapi.json | "
        f"places that do not match /openapi.json: {len(faults)}; {'; '.join(shown)}"
    )
    return _answer(request, "invalid_request", KINDS["invalid_request"], detail)


def _place(location: tuple[str | int, ...], ours: frozenset[str]) -> str:
    # A key that the caller made up may hold a name or a number of a person: it shows as *.
    parts = [part if isinstance(part, int) or part in ours else "*" for part in location]
    return ".".join(str(part) for part in parts)


def _reason(fault: Mapping[str, Any]) -> str:
    # pydantic's own messages may quote the input, so only the type of the fault is used.
    return _REASONS.get(fault["type"], "取值无效 is not valid")


def _published_names(schema: object) -> Iterator[str]:
    yield from ("body", "query", "path", "header")
    if isinstance(schema, dict):
        for naming in ("properties", "schemas"):
            yield from schema.get(naming, {})
        for child in schema.values():
            yield from _published_names(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _published_names(child)


def _http_problem(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else SERVER_ERROR
    headers = error.headers if isinstance(error, HTTPException) else None
    code = _HTTP_CODES.get(status, "bad_request" if status < SERVER_ERROR else "internal")
    kind = Kind(status, KINDS[code].title, KINDS[code].title_zh)
    detail = "接口说明见 /docs | the interface is described at /docs"
    return _answer(request, code, kind, detail, headers)


def _not_published(request: Request, _error: Exception) -> JSONResponse:
    detail = (
        "先运行 jiesuan night --date 日期 --input 目录 | "
        "run `jiesuan night --date DATE --input DIR` first"
    )
    return _answer(request, "no_night", KINDS["no_night"], detail)


def _engine_problem(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, EngineError):
        return _failure(request, error)
    kind = KINDS.get(error.code) or _family(error)
    if kind.status < SERVER_ERROR:
        detail = f"{error.message_zh} | {error.message_en}"
        return _answer(request, error.code, kind, detail)
    request.app.state.log.error(
        "request_failed", request_id=request_id(request.scope), code=error.code, reason=str(error)
    )
    code = "internal" if isinstance(error, InvariantError) else error.code
    return _answer(request, code, kind, _FAILED)


def _family(error: EngineError) -> Kind:
    for family, code in _FAMILIES:
        if isinstance(error, family):
            return KINDS[code]
    return KINDS["internal"]


def _failure(request: Request, _error: Exception) -> JSONResponse:
    return _answer(request, "internal", KINDS["internal"], _FAILED)
