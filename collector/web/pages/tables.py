"""Any table of any page as a workbook."""

from flask import Response, abort, request

from collector.reports.sheet import Style, workbook
from collector.store.accounts import Role
from collector.web import auth, i18n
from collector.web.pages.base import TABLES, Answer, route, t, zone

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@route("/tables/<name>.xlsx", Role.VIEWER)
def xlsx(name: str) -> Answer:
    """The table of this name, with the page's own arguments."""
    if name not in TABLES:
        abort(404)
    builder, role = TABLES[name]
    if not auth.may(role):
        abort(403)
    table = builder(request.args)
    headings = [t(f"col.{column.key}") for column in table.columns]
    data = workbook(table, Style(i18n.language(), zone(), headings))
    return Response(
        data, mimetype=_XLSX, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    )
