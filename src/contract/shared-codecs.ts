// Owns what two versions of a channel can use with each other: the codecs, or the first difference
// that forbids all. Never looks at versions beyond their order.

import type { Change } from './change.ts'
import type { ChannelKind, CodecLabel } from './channel.ts'
import { compareErrors } from './compat-channel.ts'
import { compareShapes } from './compat-shape.ts'
import type { RecordShape, Shape } from './shape.ts'
import { compareVersions } from './versions.ts'

/** The types of a channel in one version. */
export interface ChannelTypes {
  readonly kind: ChannelKind
  readonly shape: Shape
  readonly replyShape: Shape | undefined
  readonly errorShape: RecordShape | undefined
}

export interface Versioned {
  readonly version: string
  readonly types: ChannelTypes
}

/** Of some codecs: those in which nothing major stands between, and what stands there. */
export interface Shared {
  readonly codecs: readonly CodecLabel[]
  readonly major: Change | undefined
}

/**
 * Both sides come to the same, whoever asks. Where both say that they are the same version and are
 * not, the milder of the two orders counts: nobody knows who is older.
 */
export function sharedCodecs(a: Versioned, b: Versioned, codecs: readonly CodecLabel[]): Shared {
  const order = compareVersions(a.version, b.version)
  if (order < 0) return between(a.types, b.types, codecs)
  if (order > 0) return between(b.types, a.types, codecs)
  const [one, other] = [between(a.types, b.types, codecs), between(b.types, a.types, codecs)]
  return one.codecs.length >= other.codecs.length ? one : other
}

function between(old: ChannelTypes, next: ChannelTypes, codecs: readonly CodecLabel[]): Shared {
  const changes = [
    ...compareShapes(old.shape, next.shape, '/body', codecs),
    ...(old.replyShape && next.replyShape
      ? compareShapes(old.replyShape, next.replyShape, '/reply', codecs)
      : []),
    ...compareErrors(old.errorShape, next.errorShape, '/errors', codecs),
  ].filter(({ level }) => level === 'major')
  const major = changes.find(({ codec }) => codec === 'all') ?? changes[0]
  const isFree = (codec: CodecLabel): boolean =>
    !changes.some((change) => change.codec === 'all' || change.codec === codec)
  return { codecs: codecs.filter(isFree), major }
}
