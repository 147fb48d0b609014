"""POST /newsletter and the buttons of its emails: a sign-up and its confirmation."""
