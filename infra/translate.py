"""`python -m infra.translate TEMPLATE OUTPUT`: translate the SAM template to CloudFormation, for its linters."""

import json
import sys
from pathlib import Path

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse


def translate(text: str) -> dict[str, object]:
    """Translate a SAM template to CloudFormation, with the code in a made-up bucket."""
    document = yaml_parse(text)
    document["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    # No function uses a SAM managed policy, so IAM is never called.
    translated: dict[str, object] = Translator({}, Parser()).translate(document, {})
    return translated


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(translate(source.read_text(encoding="utf-8")), indent=2), encoding="utf-8")
