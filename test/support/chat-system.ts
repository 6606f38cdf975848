import { createFront } from '../../actors/kinds/front/kind.ts'
import { openChatKinds } from '../../infra/app/open-chat-kinds.ts'
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../pipeline/http/http-server.ts'
import { clientOf, type HttpClient, httpOptions } from './http-requests.ts'
import { quotingKind } from './quoting-kind.ts'
import { createTalkingKind, type Talk } from './talking-kind.ts'
import { startSystem, type System } from './test-system.ts'
import { toyKind } from './toy-kind.ts'

/** A system with kinds to chat with, and an HTTP server before it. */
export interface ChatSystem extends HttpClient {
  readonly system: System
  readonly url: string
  stop(): Promise<void>
}

/** An HTTP server of its own, with the kinds to chat with, before a system. */
export async function startChatServer(system: System, more: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  await using started = new AsyncDisposableStack()
  const chat = openChatKinds(system.running)
  started.defer(async () => chat.stop())
  const server = await startHttpServer(httpOptions(system, { chat, ...more }))
  started.defer(() => server.stop())
  const stopping = started.move()
  return { url: server.url, stop: () => stopping.disposeAsync() }
}

/** @param talk what the kinds `talking` and `support` say */
export async function startChatSystem(talk: Talk): Promise<ChatSystem> {
  await using started = new AsyncDisposableStack()
  const kinds = [createTalkingKind(talk), createTalkingKind(talk, 'support'), createFront(), quotingKind, toyKind]
  const system = await startSystem({ kinds, settings: { ROLES: 'host,dispatch,tasks' } })
  started.defer(() => system.stop())
  const server = await startChatServer(system)
  started.defer(() => server.stop())
  const stopping = started.move()
  return { system, url: server.url, ...clientOf(server.url), stop: () => stopping.disposeAsync() }
}
