"""How a list comes in pages: the kinds of pagination, done by dlt's paginators."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.words import Doc, Name, Text, whole

Side = Literal["query", "body"]
_SIDE = Doc(
    "Whether it goes into the query or into the JSON body (then a path such as `paging.page`); query when not said."
)
_MORE = Doc("Where an answer says whether there is more (true or false), such as `meta.has_more`.")


class Numbered(Form, frozen=True, kw_only=True):
    """Pages have numbers; the first empty one ends the list."""

    parameter: Annotated[Name, Doc("Parameter with the number; page when not said.")] = "page"
    in_: Annotated[Side, _SIDE] = "query"
    first: Annotated[int, whole(0), Doc("Number of the first page; 1 when not said.")] = 1
    total: Annotated[Text | None, Doc("Where an answer says how many pages there are, such as `meta.pages`.")] = None
    more: Annotated[Text | None, _MORE] = None


class Offset(Form, frozen=True, kw_only=True):
    """Rows are skipped; the first empty page ends the list."""

    parameter: Annotated[Name, Doc("Parameter with the number of rows to skip; offset when not said.")] = "offset"
    limit_parameter: Annotated[Name, Doc("Parameter with the size of a page; limit when not said.")] = "limit"
    in_: Annotated[Side, _SIDE] = "query"
    limit: Annotated[int, whole(1), Doc("Rows on a page; 100 when not said.")] = 100
    total: Annotated[Text | None, Doc("Where an answer says how many rows there are, such as `meta.total`.")] = None
    more: Annotated[Text | None, _MORE] = None


class Cursor(Form, frozen=True, kw_only=True):
    """Each answer names the next page by a text that only the other side understands."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("path",), ("header",)), least=1),)

    path: Annotated[Text | None, Doc("Where in an answer the text is, such as `meta.next_cursor`.")] = None
    header: Annotated[Name | None, Doc("The header of an answer that holds it, instead.")] = None
    parameter: Annotated[Name, Doc("Parameter in which it is sent back; cursor when not said.")] = "cursor"
    in_: Annotated[Side, _SIDE] = "query"
    more: Annotated[Text | None, _MORE] = None


class Pages(Form, frozen=True, kw_only=True):
    """One of five kinds of pagination."""

    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("page",), ("offset",), ("cursor",), ("link",), ("next_url",)), least=1),
    )

    page: Annotated[Numbered | None, Doc("Pages have numbers.")] = None
    offset: Annotated[Offset | None, Doc("So many rows are skipped.")] = None
    cursor: Annotated[Cursor | None, Doc("An answer brings the cursor of the next.")] = None
    link: Annotated[
        Text | None, Doc("The `Link` header brings the address of the next page under this word: `next`.")
    ] = None
    next_url: Annotated[Text | None, Doc("Where an answer has the address of the next page, such as `links.next`.")] = (
        None
    )


@cache
def path_of(text: str | None) -> Any:
    """Return a JSONPath, ready to look. Cost: 20 ms, once for every path."""
    from dlt.common import jsonpath

    return jsonpath.compile_path(text) if text else None


def paginator_of(form: Pages | None) -> Any:
    """Return dlt's paginator for a form; without one, there is a single page. Cost: loads dlt, about a second."""
    from dlt.sources.helpers.rest_client import paginators as dlt

    if form is None:
        return dlt.SinglePagePaginator()
    if form.page is not None:
        said = form.page
        return dlt.PageNumberPaginator(
            base_page=said.first,
            total_path=path_of(said.total),
            has_more_path=path_of(said.more),
            **_placed("page", said.parameter, said.in_),
        )
    if form.offset is not None:
        said_ = form.offset
        return dlt.OffsetPaginator(
            limit=said_.limit, total_path=path_of(said_.total), has_more_path=path_of(said_.more),
            **_placed("offset", said_.parameter, said_.in_), **_placed("limit", said_.limit_parameter, said_.in_),
        )  # fmt: skip
    if form.cursor is not None:
        return _cursor(form.cursor)
    if form.link is not None:
        return dlt.HeaderLinkPaginator(links_next_key=form.link)
    return dlt.JSONLinkPaginator(next_url_path=path_of(form.next_url))


def _cursor(form: Cursor) -> Any:
    from dlt.sources.helpers.rest_client import paginators as dlt

    if form.header is not None:
        return dlt.HeaderCursorPaginator(cursor_key=form.header, cursor_param=form.parameter)
    placed = _placed("cursor", form.parameter, form.in_)
    return dlt.JSONResponseCursorPaginator(cursor_path=path_of(form.path), has_more_path=path_of(form.more), **placed)


def _placed(what: str, parameter: str, side: Side) -> dict[str, str]:
    return {f"{what}_param" if side == "query" else f"{what}_body_path": parameter}


def resume(paginator: Any, request: Any, after: Any) -> None:
    """The request asks for the page that ``after`` names, as ``following`` told it; ``None``: for the first."""
    from dlt.sources.helpers.rest_client.paginators import RangePaginator

    if after is None:
        paginator.init_request(request)
    elif isinstance(paginator, RangePaginator):
        paginator.initial_value = after
        paginator.init_request(request)
    else:
        paginator._next_reference = after
        paginator.update_request(request)


def following(paginator: Any, response: Any, rows: list[Any]) -> Any:
    """Return what names the next page, as JSON; ``None`` after the last."""
    from dlt.sources.helpers.rest_client.paginators import BaseReferencePaginator

    paginator.update_state(response, rows)
    if not paginator.has_next_page:
        return None
    return paginator._next_reference if isinstance(paginator, BaseReferencePaginator) else paginator.current_value
