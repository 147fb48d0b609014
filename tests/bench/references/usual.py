"""The same checks and one write with the usual imports: resolver with OpenAPI validation, EmailStr, Tracer."""

import uuid
from typing import Annotated, Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, EmailStr, StringConstraints

logger, tracer, metrics = Logger(service="usual"), Tracer(service="usual"), Metrics(namespace="Usual", service="usual")
app = APIGatewayHttpResolver(enable_validation=True)
client = boto3.client("dynamodb")


class Form(BaseModel):
    """A contact form."""

    model_config = ConfigDict(extra="allow")

    email: EmailStr
    message: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    name: Annotated[str, StringConstraints(max_length=1000)] = ""


@app.post("/contact")
def contact(form: Form) -> dict[str, Any]:
    """Store a message with its queued email and the caller's count."""
    key = f"message#{uuid.uuid4()}"
    answers = {name: {"S": str(value)} for name, value in form.model_dump().items() if value}
    message = {"pk": {"S": key}, "sk": {"S": "message"}, **answers}
    email = {"pk": {"S": key}, "sk": {"S": "email"}, "outbox": {"S": "owner"}}
    count = {
        "TableName": "table",
        "Key": {"pk": {"S": "caller"}, "sk": {"S": "caller"}},
        "UpdateExpression": "ADD posts :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    puts = [{"Put": {"TableName": "table", "Item": item}} for item in (message, email)]
    client.transact_write_items(TransactItems=[*puts, {"Update": count}])
    logger.info("accepted", extra={"message_id": key})
    metrics.add_metric(name="Accepted", unit=MetricUnit.Count, value=1)
    return {"ok": True}


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Serve the route."""
    return app.resolve(event, context)
