"""The body of every refused or failed request."""

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """A refusal as application/problem+json; callers branch on `code`, never on the texts."""

    type: str = Field(description="urn:jiesuan:problem:<code>")
    title: str = Field(description="What kind of problem it is, in English")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="问题与处理办法 | the problem and what to do")
    code: str = Field(description="稳定的错误代码 | stable code")
    title_zh: str = Field(description="问题的类别（中文） | the title in Chinese")
    instance: str = Field(description="urn:jiesuan:request:<X-Request-Id>")
