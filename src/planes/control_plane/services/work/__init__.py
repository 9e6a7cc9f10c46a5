"""What runs, and when: deployments, jobs, triggers, runs, leases, the scheduler."""
