# One image for both services: the command says which one runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/aiguillage
COPY requirements-setup.lock requirements.lock ./
RUN /opt/aiguillage/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock \
 && /opt/aiguillage/bin/uv pip install --quiet --compile-bytecode --python /opt/aiguillage/bin/python --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY services services
COPY shared shared
RUN /opt/aiguillage/bin/uv pip install --quiet --compile-bytecode --python /opt/aiguillage/bin/python --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home aiguillage
COPY --from=build /opt/aiguillage /opt/aiguillage
ENV PATH=/opt/aiguillage/bin:$PATH PYTHONUNBUFFERED=1
USER aiguillage
WORKDIR /tmp
EXPOSE 8000
ENTRYPOINT ["aiguillage"]
CMD ["--help"]
