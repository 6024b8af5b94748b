"""``coterie serve``: the project as a running service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.app.serving import Opened


@click.command("serve")
@click.option("--host", help="Address to listen on (default: server.host, 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one (default: server.port, 8080).")
@click.option(
    "--clock", help="system, manual (moved by POST /v1/clock) or 60x (sixty times as fast): for tests and demos."
)
@click.option("--log-format", help="text, json, or auto: text on a terminal (default: server.log_format, auto).")
@click.option("--log-level", help="debug, info, warning or error (default: server.log_level, info).")
@click.option("--access-log", is_flag=True, default=None, help="Log every request.")
@click.pass_obj
def command(session: Session, /, **options: object) -> int:
    """Take events over HTTP, keep the segments up to date, answer questions and act on changes, until stopped.

    Settings come from coterie.yaml, then the environment (COTERIE_SERVER_PORT and so on), then these options. The first start
    makes an admin, a read and a write key and shows them once. SIGTERM or Ctrl+C finishes what was accepted; twice quits.
    """
    import os

    from coterie.app.serving import serve
    from coterie.storage.project_file import load_settings

    root = session.root()
    flags = {("server", name): value for name, value in options.items() if value is not None}
    return serve(root, load_settings(root, os.environ, flags), lambda opened: _tell(session, opened))


def _tell(session: Session, opened: Opened) -> None:
    if session.as_json:
        import msgspec

        click.echo(msgspec.json.encode(opened).decode())
        sys.stdout.flush()
        return
    console = session.console()
    console.print(f"[bold green]listening[/] on [bold]{opened.url}[/]  [dim]({opened.seconds * 1e3:.0f} ms)[/]")
    console.print(f"storing in   {opened.project}/.coterie")
    if opened.keys:
        console.print("\nkeys, made now and shown this once [dim](more: coterie keys --help)[/]")
        for scope, text in opened.keys.items():
            console.print(f"  {scope:<6} {text}", soft_wrap=True)
    if not session.quiet:
        write = opened.keys.get("write", "$WRITE_KEY")
        body = '{"userId": "ada", "event": "add_to_cart", "properties": {"value": 40}}'
        console.print("\n[dim]try:[/]")
        console.print(f"  curl -u {write}: {opened.url}/v1/track -d '{body}'", soft_wrap=True, markup=False)
        read = opened.keys.get("read", "$READ_KEY")
        console.print(
            f"  curl -H 'Authorization: Bearer {read}' {opened.url}/v1/profiles/ada", soft_wrap=True, markup=False
        )
        console.print("\n[dim]Ctrl+C stops[/]")
    sys.stdout.flush()
