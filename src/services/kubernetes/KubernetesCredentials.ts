/**
 * Where the API server is and how the daemon proves its identity. The daemon has two layers: the pod's service account
 * inside of a cluster, and a kubeconfig outside of one. The demo, and `status --server`, use a third one that proves
 * nothing.
 */
import { Context, type Effect, Inspectable, Schema } from "effect"

/** An exec plug-in may fail with any value, and not every value can be converted to text. */
const causeText = (cause: unknown): string =>
  cause instanceof Error ? cause.message : Inspectable.toStringUnknown(cause, 0)

/** Credentials are missing or unreadable. Trying again helps: files may appear, tokens are rotated. */
export class KubernetesCredentialsError
  extends Schema.TaggedError<KubernetesCredentialsError>()("KubernetesCredentialsError", {
    source: Schema.String,
    cause: Schema.Defect()
  })
{
  override get message(): string {
    return `no Kubernetes credentials from ${this.source}: ${causeText(this.cause)}`
  }
}

/** What a TLS connection to the API server needs, as PEM text. */
export interface KubernetesTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  readonly skipVerify?: boolean
}

export class KubernetesCredentials extends Context.Service<KubernetesCredentials, {
  /** Base URL of the API server, without a slash at the end. */
  readonly server: string
  /** A proxy that the kubeconfig names. Without one the environment variables decide. */
  readonly proxy?: string
  /**
   * Headers that authenticate one request. With `renew` the credentials are read from disk again, because the last ones
   * got a 401.
   */
  readonly headers: (options: { readonly renew: boolean }) => Effect.Effect<
    Readonly<Record<string, string>>,
    KubernetesCredentialsError
  >
  /**
   * The present TLS settings. They are read again after a TLS error or a refusal, because authorities and client
   * certificates are rotated too.
   */
  readonly tls: Effect.Effect<KubernetesTls, KubernetesCredentialsError>
}>()("linuxptp-daemon/services/kubernetes/KubernetesCredentials") {}
