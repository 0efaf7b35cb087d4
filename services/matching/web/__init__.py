"""The pages whose writes are matching's: « Orienter un patient », « Tension » and the administration."""
