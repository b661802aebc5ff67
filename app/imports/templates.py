"""Templates of files: heads in English and Chinese, a line of notes and one of examples, both skipped by the import."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.catalogue.parameters import Parameter
from app.catalogue.reference import reference
from app.core.cells import as_plain_text, as_workbook_text
from app.imports.kinds import ImportKind
from app.imports.layouts import layout_of
from app.imports.texts import REMARK
from app.organisations.models import Site

#: Whose parameters a template of lots has columns for, unless another material is asked for.
DEFAULT_MATERIAL = "phosphogypsum"
_EXAMPLES = {"moisture": "14.5", "caso4_2h2o": "91.2", "soluble_p2o5": "0.24", "ph": "5.5"}
_WIDTH = 24


@dataclass(frozen=True)
class Template:
    """The lines of a template, cell by cell; the example is good to import once its remark sign is taken off."""

    heads: list[str]
    notes: list[str]
    example: list[str]
    parameters: Sequence[Parameter]
    materials: Sequence[tuple[str, str]]


def make_template(session: Session, actor: Actor, kind: ImportKind, material: str = DEFAULT_MATERIAL) -> Template:
    """Return the template of a kind of file; its example stands at a site of the caller."""
    layout = layout_of(kind)
    heads, notes, example = [], [], []
    site = session.scalar(
        select(Site.name).where(Site.organisation_id == actor.organisation_id).order_by(Site.id).limit(1)
    )
    own = {"site": site or "", "material": material}
    for field in layout.fields:
        heads.append(f"{field.name} {field.name_zh}")
        notes.append(field.note)
        example.append(own.get(field.name, field.example))
    parameters = reference().parameters_for(material) if layout.with_parameters else ()
    for parameter in parameters:
        heads.append(f"{parameter.key} {parameter.name_zh} [{parameter.unit}]")
        notes.append(f"{parameter.basis.value}; may be empty 可空")
        example.append(_EXAMPLES.get(parameter.key, ""))
    materials = [(entry.key, entry.name_zh) for entry in reference().materials.values()]
    return Template(heads, notes, example, parameters, materials)


def write_csv(template: Template) -> bytes:
    """Return a template as CSV: UTF-8 with byte order mark, which spreadsheet programs need to see it is UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(template.heads)
    for cells in (template.notes, template.example):
        writer.writerow(map(as_plain_text, _remark(cells)))
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(template: Template) -> bytes:
    """Return a template as a workbook: the sheet to fill in, and one that lists columns, materials, parameters."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        bold, text = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "@"})
        sheet = workbook.add_worksheet("data 数据")
        sheet.set_column(0, len(template.heads) - 1, _WIDTH, text)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, template.heads, bold)
        sheet.write_row(1, 0, _remark(template.notes))
        sheet.write_row(2, 0, map(as_workbook_text, _remark(template.example)))
        notes = workbook.add_worksheet("notes 说明")
        notes.set_column(0, 4, _WIDTH)
        for number, row in enumerate(_notes(template)):
            notes.write_row(number, 0, map(as_workbook_text, row))
    return file.getvalue()


def _remark(cells: Sequence[str]) -> list[str]:
    return [REMARK + cells[0], *cells[1:]]


def _notes(template: Template) -> list[list[str]]:
    rows = [
        ["Lines that begin with # are skipped. 以 # 开头的行不导入。"],
        ["Unit and basis may stand in the head: moisture [%], soluble_p2o5 [mg/kg dry]. 单位与基准可写在表头。"],
        [],
        ["column 列", "note 说明", "example 示例"],
        *(
            [head, note, example]
            for head, note, example in zip(template.heads, template.notes, template.example, strict=True)
        ),
        [],
        ["material 物料", "name 名称"],
        *([key, name] for key, name in template.materials),
    ]
    if template.parameters:
        rows += [[], ["parameter 指标", "name 名称", "unit 单位", "basis 基准", "meaning"]]
        rows += [
            [entry.key, entry.name_zh, entry.unit, entry.basis.value, entry.meaning]
            for entry in reference().parameters.values()
        ]
    return rows
