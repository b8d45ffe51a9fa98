/**
 * Credentials of a pod: the files that the kubelet projects from the service account, and the API server's address
 * from the environment. The kubelet rotates the token about once an hour; the file is the only truth.
 * Kubernetes documentation, "Accessing the Kubernetes API from a Pod".
 */
import { Config, Effect, type FileSystem, Layer } from "effect"
import { KubernetesCredentials } from "../../../services/kubernetes/KubernetesCredentials.ts"
import { makeCredentialFile, makeTokenFile, tokenAgeNanos } from "./LastGood.ts"

const defaultDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

/** Fails to build outside of a pod: without KUBERNETES_SERVICE_HOST. Files that are missing fail each request instead. */
export const layer = (
  options: { readonly directory?: string } = {}
): Layer.Layer<KubernetesCredentials, Config.ConfigError, FileSystem.FileSystem> =>
  Layer.effect(
    KubernetesCredentials,
    Effect.gen(function*() {
      const host = yield* Config.String("KUBERNETES_SERVICE_HOST")
      const port = yield* Config.Port("KUBERNETES_SERVICE_PORT").pipe(Config.withDefault(443))
      const directory = options.directory ?? defaultDirectory
      const token = yield* makeTokenFile(`${directory}/token`)
      const authorities = yield* makeCredentialFile(`${directory}/ca.crt`, isPem, "it has no whole certificate")
      return {
        server: `https://${host.includes(":") ? `[${host.replace(/^\[|\]$/g, "")}]` : host}:${port}`,
        headers: ({ renew }) =>
          Effect.map(token(renew ? 0n : tokenAgeNanos), (text) => ({ authorization: `Bearer ${text}` })),
        tls: Effect.map(authorities(0n), (ca) => ({ ca }))
      }
    })
  )

/** Without any certificate node would fall back on the system's authorities. */
const isPem = (text: string): boolean => {
  const begun = text.split("-----BEGIN CERTIFICATE-----").length
  return begun > 1 && begun === text.split("-----END CERTIFICATE-----").length
}
