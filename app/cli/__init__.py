"""The command line `swx`: one file per group of commands."""

from app.core.memory import loading

with loading():
    import typer

    from app.cli import (
        backups,
        demonstration,
        doctor,
        importing,
        issuing,
        lifecycles,
        plan,
        serving,
        upkeep,
        verifying,
        working,
    )
    from app.cli.refusals import RefusingGroup

app = typer.Typer(
    cls=RefusingGroup,
    help="The exchange for bulk industrial solid waste 固废交易与核算平台.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("migrate")(upkeep.migrate_database)
app.command("serve")(serving.serve)
app.command("worker")(working.work)
app.command("demo")(demonstration.demo)
app.command("openapi")(upkeep.print_openapi)
app.command("lifecycles")(lifecycles.print_lifecycles)
app.command("doctor")(doctor.examine)
app.command("verify-ledger")(upkeep.verify_ledger)
app.command("verify-events")(verifying.verify_events)
app.command("backup")(backups.back_up)
app.command("restore")(backups.restore)

keys = typer.Typer(help="Keys of the API.", no_args_is_help=True)
keys.command("issue")(issuing.issue_key)
app.add_typer(keys, name="keys")

plans = typer.Typer(help="Plans of the whole market 全市场调配方案.", no_args_is_help=True)
plans.command("run")(plan.run_plan)
plans.command("show")(plan.show_plan)
plans.command("verify")(plan.verify_plan)
app.add_typer(plans, name="plan")

imports = typer.Typer(help="Bring in data from files.", no_args_is_help=True)
imports.command("plants")(importing.import_plants)
app.add_typer(imports, name="import")


def main() -> None:
    """Run the command line."""
    app()
