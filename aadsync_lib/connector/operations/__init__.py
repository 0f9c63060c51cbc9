"""Operations on a connector's job: start, stop, restart, and provisioning on demand."""
