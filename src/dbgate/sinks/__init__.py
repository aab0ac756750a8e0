"""Where things go to stay: the audit log, versions of the policy, the webhook."""
