"""Imported before runs of `guichet` are forked: botocore reads its models of the services once, not in each run."""

from functools import cache

import botocore.session

# Otherwise each session has its own loader, which reads them again.
botocore.session.create_loader = cache(botocore.session.create_loader)
for _service in ("cloudformation", "dynamodb", "lambda", "sesv2"):
    botocore.session.get_session().create_client(_service)
