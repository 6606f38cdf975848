import { createTransport, type Transporter } from 'nodemailer'
import type { Channels, Notification } from '../../actors/kinds/trigger/channels.ts'
import { TerminalError } from '../../schemas/errors.ts'
import { createGuardedPost } from './guarded-post.ts'
import { signedHeaders } from './hook-signature.ts'

export interface AlertChannelsOptions {
  /** Hosts of hooks whose addresses need not be public. Default: none. */
  readonly hosts?: readonly string[] | undefined
  /** Signs web hooks. Absent: none is sent. */
  readonly secret?: string | undefined
  /** `smtp://user:password@host:port`, or `smtps:`. Absent: no mail is sent. */
  readonly smtpUrl?: string | undefined
  /** Sender of mails. */
  readonly mailFrom?: string | undefined
  /** Milliseconds of one attempt. Default 10,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000

/** The text of a chat message in the form that the chat's incoming web hook takes. Mattermost, Rocket.Chat and Google Chat take Slack's. */
const CHAT_BODIES: Readonly<Record<NonNullable<Notification['format']>, (text: string) => object>> = {
  slack: (text) => ({ text }),
  feishu: (text) => ({ msg_type: 'text', content: { text } }),
  dingtalk: (text) => ({ msgtype: 'text', text: { content: text } }),
}

/** Creates the channels of triggers: signed web hooks, chat web hooks, and mail. */
export function createAlertChannels({ hosts, secret, smtpUrl, mailFrom, timeoutMs = TIMEOUT_MS }: AlertChannelsOptions): Channels {
  const post = createGuardedPost({ ...(hosts && { hosts }), timeoutMs })
  let transport: Transporter | undefined
  return {
    async hook({ to, about, text, alert }, key, signal) {
      if (secret === undefined) throw new TerminalError('hook_unsigned', 'set COLLOQUY_HOOK_SECRET, with which web hooks are signed')
      const body = JSON.stringify({ type: `alert.${about}`, text, data: alert })
      await post(to, body, signedHeaders(secret, key, body, Date.now()), signal)
    },
    async chat({ to, format = 'slack', text }, _key, signal) {
      await post(to, JSON.stringify(CHAT_BODIES[format](text)), {}, signal)
    },
    async mail({ to, text, alert }, key, signal) {
      if (smtpUrl === undefined || mailFrom === undefined) {
        throw new TerminalError('mail_unset', 'set COLLOQUY_SMTP_URL and COLLOQUY_MAIL_FROM, over which mails are sent')
      }
      transport ??= createTransport({
        url: smtpUrl,
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      signal.throwIfAborted()
      const subject = text.slice(0, SUBJECT_CHARS_MAX)
      await transport.sendMail({
        from: mailFrom,
        to,
        subject,
        text,
        messageId: `<${key}@colloquy>`,
        headers: { 'X-Colloquy-Alert': alert.alert },
      })
    },
  }
}

const SUBJECT_CHARS_MAX = 150
