import { createTransport, type Transporter } from 'nodemailer'
import { request } from 'undici'
import type { Channels, Notification } from '../../actors/kinds/trigger/channels.ts'
import { hasCode, messageOf, TerminalError } from '../../schemas/errors.ts'
import { createPublicAgent } from './public-address.ts'
import { mustBeTaken, postSigned } from './signed-post.ts'

export interface AlertChannelsOptions {
  /** Hosts of hooks and chats, with or without a port, whose addresses need not be public. Default: none. */
  readonly hosts?: readonly string[] | undefined
  /** `smtp://user:password@host:port`, or `smtps:`. Absent: no mail is sent. */
  readonly smtpUrl?: string | undefined
  /** Sender of mails. */
  readonly mailFrom?: string | undefined
  /** Milliseconds of one attempt. Default 10,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
const SUBJECT_CHARS_MAX = 150

/** The text of a chat message in the form that the chat's incoming web hook takes. Mattermost, Rocket.Chat and Google Chat take Slack's. */
const CHAT_BODIES: Readonly<Record<NonNullable<Notification['format']>, (text: string) => object>> = {
  slack: (text) => ({ text }),
  feishu: (text) => ({ msg_type: 'text', content: { text } }),
  dingtalk: (text) => ({ msgtype: 'text', text: { content: text } }),
}

/** Creates the channels of triggers: signed web hooks, chat web hooks, and mail. Hooks and chats go to public addresses only. */
export function createAlertChannels({ hosts = [], smtpUrl, mailFrom, timeoutMs = TIMEOUT_MS }: AlertChannelsOptions): Channels {
  const agent = createPublicAgent(hosts)
  const within = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  let transport: Transporter | undefined
  return {
    async hook({ to, about, text, alert }, { key: id, signal, signingKey }) {
      const body = Buffer.from(JSON.stringify({ type: `alert.${about}`, text, data: alert }))
      const call = { agent, url: to, id, body, contentType: 'application/json', signal: within(signal) }
      await refusedForGood(postSigned({ ...call, key: await signingKey() }))
    },
    async chat({ to, format = 'slack', text }, { signal }) {
      const body = JSON.stringify(CHAT_BODIES[format](text))
      const headers = { 'content-type': 'application/json', 'user-agent': 'Colloquy' }
      const answer = await refusedForGood(request(to, { method: 'POST', dispatcher: agent, signal: within(signal), headers, body }))
      await mustBeTaken(answer, new URL(to).host)
    },
    async mail({ to, text, alert }, { key: id, signal }) {
      if (smtpUrl === undefined || mailFrom === undefined) {
        throw new TerminalError('mail_unset', 'set COLLOQUY_SMTP_URL and COLLOQUY_MAIL_FROM, over which mails are sent')
      }
      signal.throwIfAborted()
      transport ??= createTransport({
        url: smtpUrl,
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      const subject = text.slice(0, SUBJECT_CHARS_MAX)
      await transport.sendMail({
        from: mailFrom,
        to,
        subject,
        text,
        messageId: `<${id}@colloquy>`,
        headers: { 'X-Colloquy-Alert': alert.alert },
      })
    },
  }
}

/** No other attempt can help with an address that is refused. */
async function refusedForGood<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (hasCode(error, 'hook_address_refused')) throw new TerminalError('hook_address_refused', messageOf(error), { cause: error })
    throw error
  }
}
