"""What SES tells of mail that was sent: bounces and complaints end mail to an address."""
