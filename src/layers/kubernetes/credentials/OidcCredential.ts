/**
 * Credentials by the `oidc` auth-provider of a kubeconfig: the id-token, and a new one by the refresh-token when it is
 * over (OpenID Connect Core 12). client-node ignores the client's secret and refreshes for each request. The refreshed
 * tokens live in memory: the kubeconfig is not written.
 */
import { Duration, Effect, Option, Schema } from "effect"
import { HttpClientRequest } from "effect/http"
import { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"
import { makeHttpClient, proxyOfServer } from "../requests/ApiTransport.ts"
import { isToken } from "./LastGood.ts"
import { type Credential, makeRenewedCredential } from "./RenewedCredential.ts"

/** `users[].user.auth-provider.config` of a kubeconfig. */
export const OidcConfig = Schema.Struct({
  "idp-issuer-url": Schema.optionalKey(Schema.String),
  "client-id": Schema.optionalKey(Schema.String),
  "client-secret": Schema.optionalKey(Schema.String),
  "id-token": Schema.optionalKey(Schema.String),
  "refresh-token": Schema.optionalKey(Schema.String)
})
export type OidcConfig = typeof OidcConfig.Type

const decodeDiscovery = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({
  token_endpoint: Schema.String,
  token_endpoint_auth_methods_supported: Schema.optionalKey(Schema.Array(Schema.String))
})))
const decodeTokens = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({
  id_token: Schema.String,
  refresh_token: Schema.optionalKey(Schema.String)
})))
const decodeClaims = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ exp: Schema.Number })))

const timeLimit = Duration.seconds(20)
/** A token that ends under way to the server is as good as ended. */
const leewayMillis = 10_000

/** Gives the id-token; `ca` are the provider's authorities, the system's without. */
export const makeOidcCredential = Effect.fnUntraced(function*(config: OidcConfig, ca: string | undefined) {
  const issuer = (config["idp-issuer-url"] ?? "").replace(/\/+$/, "")
  const source = `the OpenID provider ${issuer}`
  const fail = (cause: unknown) => Effect.fail(new KubernetesCredentialsError({ source, cause }))
  let refreshToken = config["refresh-token"] ?? ""

  const refresh = Effect.gen(function*() {
    const clientId = config["client-id"] ?? ""
    if (issuer === "" || clientId === "" || refreshToken === "") {
      return yield* fail(
        "the id-token is over, and idp-issuer-url, client-id or refresh-token is missing: log in again"
      )
    }
    const { client } = yield* makeHttpClient(ca === undefined ? {} : { ca }, yield* proxyOfServer(issuer))
    const read = Effect.fnUntraced(function*(request: HttpClientRequest.HttpClientRequest) {
      const response = yield* client.execute(request)
      const text = yield* response.text
      // An error of OAuth 2.0 is told by a code and a sentence (RFC 6749 5.2).
      return response.status === 200 ? text : yield* fail(`${response.status}: ${text.slice(0, 200)}`)
    })
    const discovery = decodeDiscovery(yield* read(HttpClientRequest.get(`${issuer}/.well-known/openid-configuration`)))
    if (Option.isNone(discovery)) return yield* fail("its discovery document names no token_endpoint")
    const tokens = decodeTokens(
      yield* read(
        refreshRequest(discovery.value, clientId, config["client-secret"] ?? "", refreshToken)
      )
    )
    if (Option.isNone(tokens) || !isToken(tokens.value.id_token)) return yield* fail("it gave no id_token")
    // A provider may give each refresh-token once only.
    refreshToken = tokens.value.refresh_token ?? refreshToken
    return credentialOf(tokens.value.id_token)
  }).pipe(
    Effect.scoped,
    Effect.catchTag(
      "HttpClientError",
      (error) =>
        fail("cause" in error.reason && error.reason.cause instanceof Error ? error.reason.cause : error.message)
    ),
    Effect.timeoutOrElse({ duration: timeLimit, orElse: () => fail(`no answer in ${Duration.format(timeLimit)}`) })
  )

  const idToken = config["id-token"] ?? ""
  return yield* makeRenewedCredential(refresh, isToken(idToken) ? credentialOf(idToken) : undefined)
})

const refreshRequest = (
  discovery: {
    readonly token_endpoint: string
    readonly token_endpoint_auth_methods_supported?: ReadonlyArray<string>
  },
  clientId: string,
  clientSecret: string,
  refreshToken: string
): HttpClientRequest.HttpClientRequest => {
  const form = { grant_type: "refresh_token", refresh_token: refreshToken }
  const methods = discovery.token_endpoint_auth_methods_supported ?? ["client_secret_basic"]
  const request = HttpClientRequest.post(discovery.token_endpoint)
  if (clientSecret === "" || !methods.includes("client_secret_basic")) {
    const secret = clientSecret === "" ? {} : { client_secret: clientSecret }
    return HttpClientRequest.bodyUrlParams(request, { ...form, client_id: clientId, ...secret })
  }
  // Each of the two is form-encoded first (RFC 6749 2.3.1).
  const login = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
  return HttpClientRequest.setHeader(
    HttpClientRequest.bodyUrlParams(request, form),
    "authorization",
    `Basic ${Buffer.from(login).toString("base64")}`
  )
}

/** The signature is the API server's to check. A token that says nothing of its end is used until it is refused. */
const credentialOf = (token: string): Credential => {
  const claims = decodeClaims(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
  return Option.match(claims, {
    onNone: () => ({ token }),
    onSome: ({ exp }) => ({ token, expiresAtMillis: exp * 1000 - leewayMillis })
  })
}
