"""What SES tells of mail that was sent: bounces and complaints end mail to an address."""

import guichet  # noqa: F401  first: it says how the rest starts
