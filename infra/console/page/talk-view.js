import { ask, pathOf, query } from '../../web/page/ask.js'
import { html } from '../../web/page/html.js'
import { empty, failure, scoreMark } from './parts.js'
import { problemOf } from './reading.js'
import { redraw } from './redraw.js'
import { duration, moment, number, words } from './words.js'

/** @import { EarlyMessage } from '../desk-stream.ts' */
/** @import { Talk } from '../talk.ts' */
/** @import { Problem } from '../../web/page/ask.js' */

/** @typedef {Talk['messages'][number]} Message */

const PAGE = 100
/** Messages in the page at a time; a longer conversation is read on in the direction in which it is scrolled. */
const SHOWN_MAX = 400
/** Characters of a text before "show all". */
const SHORT_CHARS = 1_200
/** How near the end counts as at the end, so that new messages are followed. */
const NEAR_END_PX = 80
/** How long a message is shown that the tables do not have, and how many. */
const EARLY_MS = 15_000
const EARLY_MAX = 20

/**
 * The messages of a conversation, of which a window is in the page.
 *
 * @param {{ tenant: string, kind: string, id: string }} actor @param {{ onStep: (n: number) => void }} events
 */
export function createTalk({ tenant, kind, id }, { onStep }) {
  const path = pathOf(tenant, kind, id)
  /** @type {readonly Message[]} */
  let messages = []
  /** What is known of answers. @type {Pick<Talk, 'turns' | 'sources' | 'scores'>} */
  let about = { turns: [], sources: [], scores: [] }
  /** Messages that the tables may not have yet, and until when they are shown. @type {readonly { message: Message, until: number }[]} */
  let early = []
  let earlyCount = 0
  let hasEarlier = false
  let hasLater = false
  let isRead = false
  let isBusy = false
  /** @type {Problem | undefined} */
  let problem
  /** Whole texts that somebody asked for, by place. @type {Map<string, string>} */
  const whole = new Map()
  /** Messages of which somebody asks why. @type {Set<string>} */
  const unfolded = new Set()
  /** @type {HTMLElement | null} */
  let box = null
  /** What the list does after it is drawn: to its end, to a message, or such that what was seen stays. @type {'end' | number | null} */
  let scrollTo = 'end'

  /** @param {Readonly<Record<string, string | number>>} range */
  const read = async (range) => /** @type {Talk} */ (await ask(`/console/data/talk/${path}?${query({ limit: PAGE, ...range })}`))
  /** The reading in progress; the next one waits for it. @type {Promise<void>} */
  let reading = Promise.resolve()
  /** One reading at a time, in the order in which they were asked for. @param {() => Promise<void>} work */
  const once = (work) => {
    reading = reading.then(async () => {
      isBusy = true
      try {
        await work()
        problem = undefined
      } catch (error) {
        problem = problemOf(error)
      } finally {
        isBusy = false
        isRead = true
        redraw()
      }
    })
    return reading
  }
  /** @param {Talk} got */
  const keep = (got) => {
    const seqs = new Set(messages.map(({ seq }) => seq))
    const ids = new Set(messages.map((one) => one.id))
    about = {
      turns: [...about.turns.filter((one) => seqs.has(one.answeredSeq)), ...got.turns],
      sources: [...about.sources.filter((one) => seqs.has(one.seq)), ...got.sources],
      scores: [...about.scores.filter((one) => ids.has(one.answer)), ...got.scores],
    }
  }
  const newest = () =>
    once(async () => {
      const got = await read({})
      messages = got.messages
      hasEarlier = got.more
      hasLater = false
      about = { turns: [], sources: [], scores: [] }
      keep(got)
      scrollTo = 'end'
    })
  const earlier = () =>
    once(async () => {
      const [first] = messages
      if (first === undefined) return
      const got = await read({ before: first.seq })
      const all = [...got.messages, ...messages]
      hasLater ||= all.length > SHOWN_MAX
      messages = all.slice(0, SHOWN_MAX)
      hasEarlier = got.more
      keep(got)
      scrollTo = first.seq
    })
  const later = () =>
    once(async () => {
      const end = messages.at(-1)
      if (end === undefined) return
      const isFollowed = isNearEnd()
      const got = await read({ after: end.seq })
      if (got.messages.length === 0) return
      const all = [...messages, ...got.messages]
      hasEarlier ||= all.length > SHOWN_MAX
      messages = all.slice(-SHOWN_MAX)
      const wasShort = hasLater
      hasLater = got.more
      keep(got)
      scrollTo = isFollowed && !wasShort ? 'end' : null
    })
  const showAll = (/** @type {Message} */ { seq, idx, chars, text }) =>
    once(async () => {
      const key = `${seq}.${idx}`
      // A text of up to a page is here already.
      if ([...text].length >= chars) whole.set(key, text)
      else whole.set(key, /** @type {{ text: string }} */ (await ask(`/console/data/text/${path}?${query({ seq, idx })}`)).text)
    })

  /** Whether the end was in sight when somebody last scrolled: it stays so when the place of the talk gets smaller. */
  let isAtEnd = true
  const resized = new ResizeObserver(() => {
    if (box !== null && isAtEnd && !hasLater) box.scrollTop = box.scrollHeight
  })
  const keepBox = (/** @type {Element | null} */ element) => {
    box = element instanceof HTMLElement ? element : null
    resized.disconnect()
    if (box !== null) resized.observe(box)
  }
  const scrolled = () => {
    isAtEnd = isNearEnd()
  }
  const isNearEnd = () => box === null || box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX
  /** Once the messages are drawn. */
  const scroll = () => {
    if (box === null || scrollTo === null || messages.length === 0) return
    if (scrollTo === 'end') box.scrollTop = box.scrollHeight
    else {
      const target = box.querySelector(`[data-seq="${scrollTo}"]`)
      if (target instanceof HTMLElement) box.scrollTop = target.offsetTop - box.offsetTop - NEAR_END_PX
    }
    scrollTo = null
  }

  /** @param {Message} message @param {number | undefined} upTo */
  const messageView = (message, upTo) => {
    const { seq, idx, n, role, agent, time, text, chars, lang } = message
    const key = `${seq}.${idx}`
    const full = whole.get(key)
    const short = text.slice(0, SHORT_CHARS)
    const isCut = full === undefined && (short.length < text.length || [...text].length < chars)
    const turn = about.turns.find((one) => one.answeredSeq === seq && one.answeredIdx === idx)
    const isWhy = unfolded.has(key)
    const isLate = upTo !== undefined && seq > upTo
    return html` <li key=${key} class="message" data-role=${role} data-seq=${seq} data-late=${String(isLate)}>
      <p class="by">
        <b>${agent ?? words().talk.role[/** @type {keyof ReturnType<typeof words>['talk']['role']} */ (role)] ?? role}</b>
        <time title=${moment(time)}>${moment(time)}</time>
        ${turn?.latencyMs == null ? null : html`<small>${words().talk.latency(duration(turn.latencyMs))}</small>`}
        ${turn === undefined ? null : scoreMark(turn.quality)}
      </p>
      <p class="text" dir="auto" lang=${lang ?? undefined}>${full ?? short}${isCut ? '…' : ''}</p>
      ${
        isCut
          ? html`<button type="button" class="plain" onClick=${() => void showAll(message)}>${words().talk.showAll(number(chars))}</button>`
          : null
      }
      <p class="more">
        ${
          role === 'user' || turn === undefined
            ? null
            : html`<button
                type="button"
                class="plain"
                aria-expanded=${String(isWhy)}
                onClick=${() => {
                  if (isWhy) unfolded.delete(key)
                  else unfolded.add(key)
                  redraw()
                }}
              >
                ${words().talk.why}
              </button>`
        }
        ${n === 0 ? null : html`<button type="button" class="plain" onClick=${() => onStep(n)}>${words().talk.step} ${number(n)}</button>`}
      </p>
      ${isWhy && turn !== undefined ? why(turn, message) : null}
    </li>`
  }

  /** Why an answer is as it is. @param {Talk['turns'][number]} turn @param {Message} message */
  const why = (turn, { id: answer, seq, idx }) => {
    const text = words().talk
    const sources = about.sources.filter((one) => one.seq === seq && one.idx === idx)
    const scores = about.scores.filter((one) => one.answer === answer)
    const reasons = [...new Set(scores.flatMap((one) => one.reasons))]
    const model = [turn.model, turn.tier, turn.tierReason].filter(Boolean).join(' · ')
    /** @type {[string, unknown][]} */
    const facts = [
      [text.intent, turn.intent === null ? '' : `${turn.intent}${turn.confidence === null ? '' : ` ${turn.confidence.toFixed(2)}`}`],
      [text.act, turn.act ?? ''],
      [text.because, turn.because.join(', ')],
      [text.lookups, turn.lookups.join(' · ')],
      [text.hits, turn.hits === null ? '' : number(turn.hits)],
      [text.model, model],
      [text.prompt, turn.prompt ?? ''],
      [text.cached, turn.cached ?? ''],
      [
        text.scores,
        scores.map(
          (one) =>
            html`<span class="one-score" key=${one.evaluator + one.dimension}
              >${one.dimension} ${scoreMark(one.score)} <small>${one.evaluator}</small></span
            > `,
        ),
      ],
      [text.reasons, reasons.join(', ')],
      [
        text.sources,
        sources.map(
          (one, place) =>
            html`<span class="source" key=${place} dir="auto"
              >${one.source} ${one.score === null ? '' : html`<small>${one.score.toFixed(2)}</small>`}</span
            >`,
        ),
      ],
    ]
    return html` <dl class="facts why">
      ${facts.map(([name, value]) =>
        value === '' || (Array.isArray(value) && value.length === 0) ? null : [html`<dt>${name}</dt>`, html`<dd dir="auto">${value}</dd>`],
      )}
    </dl>`
  }

  /** Reads the messages about a LOG sequence. @param {number} seq 0: none */
  const lookAt = (seq) => {
    if (seq === 0) return
    void once(async () => {
      const [before, after] = await Promise.all([read({ before: seq, limit: PAGE / 2 }), read({ after: seq - 1 })])
      messages = [...before.messages, ...after.messages]
      hasEarlier = before.more
      hasLater = after.more
      about = { turns: [], sources: [], scores: [] }
      keep(before)
      keep(after)
      scrollTo = messages.findLast((one) => one.seq <= seq)?.seq ?? messages[0]?.seq ?? seq
    })
  }
  return {
    /** Shows messages that the tables may not have yet, at the end of the talk. @param {readonly EarlyMessage[]} told */
    expect: (told) => {
      if (told.length === 0) return
      if (isNearEnd()) scrollTo = 'end'
      const until = Date.now() + EARLY_MS
      const added = told.map((one) => ({
        until,
        message: { ...one, seq: 0, idx: (earlyCount += 1), n: 0, lang: null, chars: [...one.text].length },
      }))
      early = [...early, ...added].slice(-EARLY_MAX)
      redraw()
    },
    /** The newest message of the customer in the page. */
    question: () => messages.findLast(({ role }) => role === 'user'),
    /** Reads new messages, where the end of the talk is shown. */
    follow: async () => {
      if (isBusy) return
      if (!isRead) return newest()
      if (messages.length === 0) return newest()
      if (!hasLater) await later()
    },
    /** Shows the message of a record. @param {number} seq LOG sequence; 0 for the newest message */
    lookAt,
    /** Brings the last message of a step of the machine into sight. @param {number} seq */
    showUpTo: (seq) => {
      if (isRead && messages.length === 0) return
      const near = messages.findLast((one) => one.seq <= seq) ?? (hasEarlier ? undefined : messages[0])
      if (near === undefined || (hasLater && near === messages.at(-1))) return lookAt(seq)
      scrollTo = near.seq
      redraw()
    },
    /** @param {number | undefined} upTo the LOG sequence of the step that is looked at; later messages had not been written by then */
    view: (upTo) => {
      queueMicrotask(scroll)
      const now = Date.now()
      const ids = new Set(early.length === 0 ? [] : messages.map(({ id: known }) => known))
      early = early.filter(({ message, until }) => until > now && !ids.has(message.id))
      const all = hasLater ? messages : [...messages, ...early.map(({ message }) => message)]
      return html` <section class="talk" aria-label=${words().talk.people} tabindex="0" ref=${keepBox} onScroll=${scrolled}>
        ${problem === undefined ? null : failure(problem)} ${hasEarlier ? moreButton(words().talk.earlier, earlier) : null}
        ${
          all.length === 0
            ? empty(isRead ? words().talk.noMessages : words().reading)
            : html`<ol>
                ${all.map((message) => messageView(message, upTo))}
              </ol>`
        }
        ${hasLater ? moreButton(words().talk.later, later) : null}
      </section>`
    },
  }
}

/** @param {string} text @param {() => Promise<void>} more */
const moreButton = (text, more) => html`<button type="button" class="plain more-messages" onClick=${() => void more()}>${text}</button>`
