"""The original design: FastAPI, python-keycloak and python-jose, in one process. Usage: app.py ISSUER; prints its port."""

import os
import socket
import sys
import threading

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from jose import JWTError, jwt
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from keycloak import KeycloakOpenID

issuer = sys.argv[1]
audience = "shop-api"
server_url, _, realm = issuer.partition("/realms/")

keycloak = KeycloakOpenID(server_url=server_url, realm_name=realm, client_id=audience)
# Asked for once: the original asked Keycloak for it at every request.
public_key = f"-----BEGIN PUBLIC KEY-----\n{keycloak.public_key()}\n-----END PUBLIC KEY-----"
jwk = JWK.from_pem(public_key.encode())
bearer = OAuth2PasswordBearer(tokenUrl=f"{issuer}/protocol/openid-connect/token")
app = FastAPI()


def refused() -> HTTPException:
    return HTTPException(
        status_code=401,
        detail="Invalid authentication credentials",
        headers={"WWW-Authenticate": "Bearer"},
    )


async def by_keycloak(token: str = Depends(bearer)) -> dict:
    try:
        claims = keycloak.decode_token(token, key=jwk, check_claims={"iss": issuer, "aud": audience})
    except (JWException, ValueError):
        raise refused() from None
    return claims


async def by_jose(token: str = Depends(bearer)) -> dict:
    try:
        return jwt.decode(token, public_key, algorithms=["RS256"], audience=audience, issuer=issuer)
    except JWTError:
        raise refused() from None


@app.get("/open")
async def unprotected():
    return {"message": "Hello alice"}


@app.get("/python-keycloak")
async def with_keycloak(claims: dict = Depends(by_keycloak)):
    return {"message": f"Hello {claims['preferred_username']}"}


@app.get("/python-jose")
async def with_jose(claims: dict = Depends(by_jose)):
    return {"message": f"Hello {claims['preferred_username']}"}


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=3600)
uvicorn.Server(config).run(sockets=[listener])
