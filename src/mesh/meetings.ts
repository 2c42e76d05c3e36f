// Owns what two peers find out when they meet about channels that both know: the codec, the number,
// how to read each other's version, or what stands between them.
// Never on the path of a message: what was agreed is kept until the other side offers anew.

import type { Clock, Timer } from '../base/clock.ts'
import { type Awaited, awaited } from '../base/deferred.ts'
import { reportFault } from '../base/diagnostics.ts'
import { dropOldest } from '../base/drop-oldest.ts'
import { type ErrorCode, errorTable } from '../base/error-table.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { type CodecName, codecNames } from '../codec/codec.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { Shape } from '../contract/shape.ts'
import { type ChannelTypes, type Shared, sharedCodecs } from '../contract/shared-codecs.ts'
import { tameShape } from '../contract/tame.ts'
import { type Differ, type Differs, parseDiffer, parseDiffers } from '../wire/difference.ts'
import { Kind, type RecordWalker } from '../wire/record.ts'
import type { Catalog } from './catalog.ts'
import type { Inbound } from './inbound.ts'
import { LocalChannel } from './local-channel.ts'
import type { Link, Remote, VersionedOffer } from './remote.ts'
import { Schemas } from './schemas.ts'

/** How to talk with one remote peer on one channel. */
export interface Agreement {
  /** The number to send to; 0 for an event. */
  readonly number: number
  /** By its wire number. */
  readonly codec: number
  /** Of the channel as the remote peer has it. */
  readonly id: string
  /** Reads what it writes: its replies, or its events. */
  readonly reader: BodyReader | undefined
  /** Reads the errors that it declares. */
  readonly errors: BodyReader | undefined
}

interface Meeting {
  readonly offer: VersionedOffer
  readonly done: Awaited<void>
  agreement?: Agreement
  error?: EarshotError
}

interface Introduction {
  readonly link: Link
  readonly number: number
  readonly answer: Awaited<Differs>
  readonly timer: Timer
}

export interface MeetingsParts {
  readonly inbound: Inbound
  readonly catalog: Catalog
  readonly clock: Clock
  readonly limits: Limits
  /** Two versions are through with each other: whoever waited may ask again. */
  readonly settled: (remote: Remote) => void
  /** It hears that channel, but not of us. */
  readonly deaf: (remote: Remote, channel: string) => void
}

const MAX_REASON = 2_000

export class Meetings {
  readonly #parts: MeetingsParts
  readonly #schemas: Schemas
  readonly #meetings = new Map<Remote, Map<LocalChannel, Meeting>>()
  readonly #introductions = new Map<string, Introduction>()
  readonly #differences = new WeakMap<Link, number>()

  constructor(parts: MeetingsParts) {
    this.#parts = parts
    this.#schemas = new Schemas(parts)
    parts.inbound.on(Kind.differ, (link, record) => this.#differ(link, record))
    parts.inbound.on(Kind.differs, (link, record) => this.#introduced(link, record))
  }

  /**
   * What holds between us and `remote` on a channel that it offers; undefined while that is being
   * found out: `settled` is called then.
   * @throws EARSHOT_CONTRACT_MISMATCH, EARSHOT_CODEC_UNSHARED and what kept it from being found out
   */
  agree(remote: Remote, local: LocalChannel, offer: VersionedOffer): Agreement | undefined {
    try {
      const agreement = this.#agree(remote, local, offer)
      if (agreement) remote.mismatches.delete(mismatchKey(local, offer.version))
      return agreement
    } catch (thrown) {
      const error = toEarshotError(thrown)
      this.#mismatched(remote, local, offer.version, error)
      throw error
    }
  }

  /** Resolves when what is being found out about the channel is known; undefined when it is. */
  underWay(remote: Remote, local: LocalChannel): Promise<void> | undefined {
    const meeting = this.#meetings.get(remote)?.get(local)
    return meeting?.agreement || meeting?.error ? undefined : meeting?.done.promise
  }

  lost(link: Link): void {
    this.#schemas.lost(link)
    for (const [key, introduction] of this.#introductions) {
      if (introduction.link !== link) continue
      introduction.timer.cancel()
      this.#introductions.delete(key)
      introduction.answer.reject(gone(link))
    }
  }

  release(remote: Remote): void {
    this.#meetings.delete(remote)
    this.#schemas.release(remote)
    this.#parts.catalog.release(remote)
  }

  close(): void {
    this.#schemas.close()
    for (const { link } of [...this.#introductions.values()]) this.lost(link)
  }

  #agree(remote: Remote, local: LocalChannel, offer: VersionedOffer): Agreement | undefined {
    const { id, number } = offer
    const ofRemote = this.#meetings.get(remote) ?? new Map<LocalChannel, Meeting>()
    if (id === local.channel.id) {
      ofRemote.delete(local)
      const codec = local.agree(offer, remote.name)
      const isEvent = local.channel.kind === 'event'
      const reader = isEvent ? local.body(codec) : local.reply(codec)
      return { number, codec, id, reader, errors: local.errors(codec) }
    }
    local.checkKind(offer, remote.name)
    const known = ofRemote.get(local)
    if (known && isSameOffer(known.offer, offer)) {
      if (known.error) throw known.error
      return known.agreement
    }
    // Without a link there is nobody to ask; there will be one, or the peer is down.
    if (!remote.link) return undefined
    const meeting: Meeting = { offer, done: awaited() }
    ofRemote.set(local, meeting)
    this.#meetings.set(remote, ofRemote)
    void this.#meet(remote, local, meeting)
    return undefined
  }

  async #meet(remote: Remote, local: LocalChannel, meeting: Meeting): Promise<void> {
    const isCurrent = () => this.#meetings.get(remote)?.get(local) === meeting
    try {
      meeting.agreement = await this.#findOut(remote, local, meeting.offer)
    } catch (thrown) {
      const error = toEarshotError(thrown)
      // Over the next link all begins anew.
      if (error.code !== 'EARSHOT_PEER_GONE') meeting.error = error
      else if (isCurrent()) this.#meetings.get(remote)?.delete(local)
      // What was late, or had no room, may be there the next time.
      if (meeting.error?.retryable) this.#meetAgain(remote, local, meeting)
    }
    const isNews = isCurrent() || meeting.error === undefined
    meeting.done.resolve()
    if (isNews && !remote.down) this.#parts.settled(remote)
  }

  #meetAgain(remote: Remote, local: LocalChannel, meeting: Meeting): void {
    const { clock, limits, settled } = this.#parts
    const again = () => {
      if (remote.down || this.#meetings.get(remote)?.get(local) !== meeting) return
      this.#meetings.get(remote)?.delete(local)
      settled(remote)
    }
    clock.after(limits.schemaTimeoutMs, again, true)
  }

  async #findOut(remote: Remote, local: LocalChannel, offer: VersionedOffer): Promise<Agreement> {
    const { channel } = local
    const isEvent = channel.kind === 'event'
    const answer = this.#introduce(remote, local, isEvent ? 0 : offer.number)
    // Of an event nothing is answered that we wait for; its publisher is told all the same.
    answer.catch(() => undefined)
    const types = await this.#schemas.of(remote, offer.id)
    const common = this.#common(remote, local, offer.version, types)
    const codec = local.agree(offer, remote.name, common)
    const { id } = offer
    if (isEvent) {
      const reader = this.#reader(codec, types.shape, channel.shape)
      return { number: 0, codec, id, reader, errors: undefined }
    }
    const { number, error } = await answer
    if (error) {
      const known = Object.hasOwn(errorTable, error.code)
      const code = known ? (error.code as ErrorCode) : 'EARSHOT_CONTRACT_MISMATCH'
      throw new EarshotError(code, `${remote.name} refused us: ${error.message}`)
    }
    const reader = this.#reader(codec, types.replyShape, channel.replyShape)
    const errors = this.#reader(codec, types.errorShape, channel.errorShape)
    return { number, codec, id, reader, errors }
  }

  #reader(codec: number, writer: Shape | undefined, own: Shape | undefined) {
    if (!writer || !own) return undefined
    const name = codecNames[codec] as CodecName
    return this.#parts.catalog.resolvers.get(name, tameShape(writer, own), own)
  }

  /** @throws EARSHOT_CONTRACT_MISMATCH when no codec is left */
  #common(remote: Remote, local: LocalChannel, version: string, types: ChannelTypes): Shared {
    const { channel } = local
    local.checkKind({ kind: types.kind, version }, remote.name)
    const ours = { version: channel.version, types: channel }
    const common = sharedCodecs(ours, { version, types }, local.codecs)
    const { codecs, major } = common
    if (codecs.length > 0 || !major) return common
    throw local.mismatch(version, remote.name, major)
  }

  /** Tells the remote peer which version we have, and waits for what it makes of it. */
  #introduce(remote: Remote, { channel }: LocalChannel, number: number): Promise<Differs> {
    const { clock, limits } = this.#parts
    const { link } = remote
    if (!link) return Promise.reject(new EarshotError('EARSHOT_PEER_GONE', 'there is no link'))
    const { key, id, version } = channel
    const at = introductionKey(remote, { channel: key, id })
    const before = this.#introductions.get(at)
    if (before?.link === link && before.number === number) return before.answer.promise
    const timer = clock.after(limits.schemaTimeoutMs, () => {
      this.#introductions.delete(at)
      const text = `${remote.name} did not say how to send ${key} ${version} to it`
      answer.reject(new EarshotError('EARSHOT_TIMEOUT', text, { sent: 'no' }))
    })
    const answer = awaited<Differs>()
    before?.timer.cancel()
    before?.answer.reject(new EarshotError('EARSHOT_PEER_GONE', 'the offer has changed since'))
    this.#introductions.set(at, { link, number, answer, timer })
    const differ: Differ = { channel: key, number, id, version }
    link.outbound.control(Kind.differ, Buffer.from(JSON.stringify(differ)))
    return answer.promise
  }

  #introduced(link: Link, record: RecordWalker): boolean {
    const differs = parseDiffers(bytesOf(record, this.#parts.limits))
    const key = link.remote && introductionKey(link.remote, differs)
    const introduction = key === undefined ? undefined : this.#introductions.get(key)
    // Late: nobody waits for it any more.
    if (!introduction || key === undefined) return true
    this.#introductions.delete(key)
    introduction.timer.cancel()
    introduction.answer.resolve(differs)
    return true
  }

  #differ(link: Link, record: RecordWalker): boolean {
    const { limits } = this.#parts
    const differ = parseDiffer(bytesOf(record, limits))
    const count = (this.#differences.get(link) ?? 0) + 1
    this.#differences.set(link, count)
    if (count > limits.maxDifferences) {
      const text = `more than ${limits.maxDifferences} channels of another version (maxDifferences)`
      throw new EarshotError('EARSHOT_BYTES_INVALID', text)
    }
    void this.#answer(link, differ)
    return true
  }

  async #answer(link: Link, differ: Differ): Promise<void> {
    const remote = link.remote as Remote
    const answer = await this.#numberFor(remote, differ)
    if (link.closed || remote.down) return
    const differs: Differs = { channel: differ.channel, id: differ.id, ...answer }
    link.outbound.control(Kind.differs, Buffer.from(JSON.stringify(differs)))
  }

  async #numberFor(remote: Remote, differ: Differ): Promise<Pick<Differs, 'number' | 'error'>> {
    const { catalog, deaf } = this.#parts
    const { channel, id, version } = differ
    let local: LocalChannel | undefined
    try {
      local = this.#differing(differ)
      const types = await this.#schemas.of(remote, id)
      const { codecs } = this.#common(remote, local, version, types)
      remote.mismatches.delete(mismatchKey(local, version))
      if (local.channel.kind === 'event') return { number: 0 }
      const shape = tameShape(types.shape, local.channel.shape)
      const writer = { shape, codecs: codecs as readonly CodecName[] }
      return { number: catalog.numberForWriter(local, id, writer, remote) }
    } catch (thrown) {
      const error = toEarshotError(thrown)
      if (local) this.#mismatched(remote, local, version, error)
      if (local?.channel.kind === 'event') deaf(remote, channel)
      const { code, message } = error
      return { number: 0, error: { code, message: message.slice(0, MAX_REASON) } }
    }
  }

  /** Our channel of which the remote peer has another version. */
  #differing({ channel, number }: Differ): LocalChannel {
    const { catalog } = this.#parts
    const found = number > 0 ? catalog.byNumber(number) : catalog.offeredChannel(channel)
    const isEvent = found?.channel.kind === 'event'
    if (found instanceof LocalChannel && found.channel.key === channel) {
      if (isEvent === (number === 0)) return found
    }
    throw new EarshotError('EARSHOT_CHANNEL_UNKNOWN', `${channel} is not offered so`)
  }

  /** Said when the peers meet, and once. */
  #mismatched(remote: Remote, local: LocalChannel, theirs: string, error: EarshotError): void {
    if (error.code === 'EARSHOT_PEER_GONE' || remote.down) return
    const { key, version } = local.channel
    const reason = typeof error.data.reason === 'string' ? error.data.reason : error.message
    const found = { channel: key, ours: version, theirs, path: error.path ?? '', reason }
    const at = mismatchKey(local, theirs)
    if (remote.mismatches.get(at)?.reason === reason) return
    remote.mismatches.set(at, found)
    // Versions are what the other side says: the oldest goes.
    dropOldest(remote.mismatches, this.#parts.limits.maxDifferences)
    const data = { ...found, remote: remote.label }
    reportFault({ area: 'contract', text: error.message, code: error.code, data })
  }
}

function isSameOffer(a: VersionedOffer, b: VersionedOffer): boolean {
  const text = ({ id, number, version, codecs }: VersionedOffer) =>
    `${[id, number, version, codecs]}`
  return text(a) === text(b)
}

function mismatchKey({ channel }: LocalChannel, theirs: string): string {
  return `${channel.key} ${channel.version} ${theirs}`
}

function introductionKey(remote: Remote, { channel, id }: Pick<Differs, 'channel' | 'id'>): string {
  return `${remote.id}/${remote.epoch}/${channel}/${id}`
}

/** Small, all of them; what is not is no such record. */
function bytesOf(record: RecordWalker, { maxSchemaBytes }: Limits): Buffer {
  if (record.end - record.start > maxSchemaBytes) {
    throw new EarshotError('EARSHOT_BYTES_INVALID', 'a long word on a difference of versions')
  }
  return record.buffer.subarray(record.start, record.end)
}

function gone({ remote }: Link): EarshotError {
  const text = `${remote?.name ?? 'the remote peer'} was lost while we met`
  return new EarshotError('EARSHOT_PEER_GONE', text)
}
