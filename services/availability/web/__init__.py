"""The pages whose writes are availability's: « Mes créneaux », and the page behind a ticket's QR code."""
