"""Runs in the SAM CLI's own Python environment, to use its packages: `in_sam.py ask`, `in_sam.py load`."""

import json
import sys

import docker
from samcli.local.docker.exceptions import ContainerNotReachableException
from samcli.local.docker.lambda_image import LambdaImage, Runtime
from samcli.local.docker.utils import get_validated_container_client


def ask(runtime: str, architecture: str) -> None:
    """Print the base image that the SAM CLI uses for a runtime, and whether a container engine answers it."""
    image = f"{LambdaImage._INVOKE_REPO_PREFIX}/{Runtime.get_image_name_tag(runtime, architecture)}"  # noqa: SLF001
    try:
        get_validated_container_client()
    except ContainerNotReachableException:
        answers = False
    else:
        answers = True
    print(json.dumps({"image": image, "answers": answers}))


def load(image: str, file: str, changes: str) -> None:
    """Import an image of the engine from a tar file, with settings as in a Dockerfile, one per line."""
    repository, _, tag = image.rpartition(":")
    told = docker.from_env().api.import_image_from_file(
        file, repository=repository, tag=tag, changes=changes.splitlines()
    )
    if "error" in told:
        sys.exit(told)


if __name__ == "__main__":
    (ask if sys.argv[1] == "ask" else load)(*sys.argv[2:])
