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
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from api.access_log import request_id
from api.language import LANGUAGES, language_of
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
    "not_an_institution": Kind(403, "Only an institution may ask this", "仅供定点机构使用"),
    "not_an_investigator": Kind(403, "Only an investigator may ask this", "仅供稽核人员使用"),
    "sandbox_key": Kind(403, "The key opens the sandbox alone", "密钥只能用于沙箱"),
    "not_a_region": Kind(403, "Only another region's agency may ask this", "仅供其他统筹区使用"),
    "not_found": Kind(404, "There is nothing at this address", "此地址没有内容"),
    "no_policy": Kind(404, "There is no policy for this region and scheme", "没有该地区险种的政策"),
    "no_night": Kind(404, "No night has been published yet", "尚未发布任何一夜的结算"),
    "method_not_allowed": Kind(405, "This address does not take this method", "不支持此请求方法"),
    "message_differs": Kind(409, "The message id has another body", "报文号已用于另一内容"),
    "event_not_allowed": Kind(409, "The event may not follow here", "此处不能发生该事件"),
    "content_too_large": Kind(413, "The request is too large", "请求过大"),
    "invalid_request": Kind(422, "The request does not match the interface", "请求不符合接口格式"),
    "cursor_invalid": Kind(422, "The cursor is not of this list", "游标不是本列表的"),
    "claim_refused": Kind(422, "The claim cannot be used as it stands", "申报数据不能使用"),
    "too_many_requests": Kind(429, "Too many requests", "请求过于频繁"),
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
    "服务未能完成请求，请凭请求编号联系管理员",
    "the service could not complete the request; give the request id to its operator",
)
_DATABASE: Final = (
    "数据库暂不可用，请求是否已处理尚不确定；请稍后以同一编号原样重发",
    "the database is away, and nobody knows whether it was done; send the same again unchanged",
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
    statuses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        answer = statuses.setdefault(
            KINDS[code].status, {"description": "", "content": {MEDIA_TYPE: content}}
        )
        answer["description"] = " · ".join(filter(None, (answer["description"], code)))
        answer["content"][MEDIA_TYPE]["examples"][code] = {"value": _example(code)}
    return statuses


def _example(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    told = f"{kind.title_zh} | {kind.title}"
    return _body(code, kind, told, "urn:jiesuan:request:0123456789abcdef").model_dump()


def install(app: FastAPI) -> None:
    """Make the application answer every refusal and failure with a problem."""
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(NotPublishedError, _not_published)
    app.add_exception_handler(EngineError, _engine_problem)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(Exception, _failure)


def _body(code: str, kind: Kind, detail: str, instance: str) -> Problem:
    return Problem(
        type=f"urn:jiesuan:problem:{code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=code,
        title_zh=kind.title_zh,
        instance=instance,
    )


def _answer(
    request: Request,
    code: str,
    kind: Kind,
    told: tuple[str, str],
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a problem told in Chinese and English, or in the one that the caller asks for."""
    language = language_of(request.headers.get("accept-language", ""))
    detail = dict(zip(LANGUAGES, told, strict=True)).get(language, " | ".join(told))
    body = _body(code, kind, detail, f"urn:jiesuan:request:{request_id(request.scope)}")
    shown = {"Content-Language": language or ", ".join(LANGUAGES), "Vary": "Accept-Language"}
    return JSONResponse(body.model_dump(), kind.status, {**(headers or {}), **shown}, MEDIA_TYPE)


def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    ours = frozenset(_published_names(request.app.openapi()))
    shown = [f"{_place(fault['loc'], ours)} {_reason(fault)}" for fault in faults[:PLACES_SHOWN]]
    places = "; ".join(shown)
    told = (
        f"{len(faults)} 处不符合接口格式，见 /openapi.json：{places}",
        f"places that do not match /openapi.json: {len(faults)}; {places}",
    )
    return _answer(request, "invalid_request", KINDS["invalid_request"], told)


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
    told = "接口说明见 /docs", "the interface is described at /docs"
    return _answer(request, code, kind, told, headers)


def _not_published(request: Request, _error: Exception) -> JSONResponse:
    told = (
        "先运行 jiesuan night --date 日期 --input 目录",
        "run `jiesuan night --date DATE --input DIR` first",
    )
    return _answer(request, "no_night", KINDS["no_night"], told)


def _engine_problem(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, EngineError):
        return _failure(request, error)
    kind = KINDS.get(error.code) or _family(error)
    if kind.status < SERVER_ERROR:
        told = error.message_zh, error.message_en
        return _answer(request, error.code, kind, told, retry_after(error))
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


def retry_after(error: EngineError) -> dict[str, str]:
    """Return the header that tells how long to wait, where the error knows."""
    seconds = error.facts.get("retry_after_s")
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _database(request: Request, error: Exception) -> JSONResponse:
    # The driver's words may quote what was written; its kind is enough.
    kind = type(getattr(error, "orig", error)).__name__
    request.app.state.log.error(
        "request_failed", request_id=request_id(request.scope), code="database", kind=kind
    )
    code = "storage_unavailable"
    return _answer(request, code, KINDS[code], _DATABASE, {"Retry-After": "1"})


def _failure(request: Request, _error: Exception) -> JSONResponse:
    return _answer(request, "internal", KINDS["internal"], _FAILED)
