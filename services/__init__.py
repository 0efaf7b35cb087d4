"""The services. Each owns one schema, one database role and its pages; none imports another.

A service is a package of layers that point inwards: `main` builds it, `api`/`live`/`web` parse what arrives,
`app` holds the use cases, `reads` and `store` speak SQL, `core` is pure. `shared` knows none of them.
"""
