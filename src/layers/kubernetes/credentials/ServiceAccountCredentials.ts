/**
 * Credentials of a pod: the files that the kubelet projects from the service account, and the API server's address from
 * the environment. The kubelet replaces the token about once an hour, so the file is read again and again. Kubernetes
 * documentation, "Accessing the Kubernetes API from a Pod".
 */
import { Config, Effect, type FileSystem, Layer } from "effect"
import { KubernetesCredentials } from "../../../services/kubernetes/KubernetesCredentials.ts"
import { makeCredentialFile, makeTokenFile, tokenAgeNanos } from "./LastReadable.ts"

const defaultDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

/**
 * The layer cannot be built outside of a pod (without KUBERNETES_SERVICE_HOST). If files are missing, only the requests
 * fail.
 */
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

/** Without any certificate node would use the system's authorities instead. */
const isPem = (text: string): boolean => {
  const begun = text.split("-----BEGIN CERTIFICATE-----").length
  return begun > 1 && begun === text.split("-----END CERTIFICATE-----").length
}
