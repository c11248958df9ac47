"""The endpoints: functions of the service and a request."""
