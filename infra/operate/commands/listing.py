"""Groups of commands that list by default."""

import click


class Listing(click.Group):
    """A group of commands that runs `list` by default. Shells still complete the names of all its commands."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Insert `list` before options, except before --help, after which everything is ignored."""
        if context.resilient_parsing:
            # Shell completion: what was typed is incomplete.
            return super().parse_args(context, args)
        if args and args[0] in context.help_option_names:
            args = args[:1]
        if not args or (args[0].startswith("-") and args[0] not in context.help_option_names):
            args = ["list", *args]
        return super().parse_args(context, args)
