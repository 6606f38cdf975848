import type { FastifyInstance } from 'fastify'
import { createFairPlaces } from '../../runtime/fair-places.ts'
import { createAwaitedReplies } from './cancel-replies.ts'
import { addChatRoute, type ChatRouteDeps } from './chat-route.ts'
import { addCompletionsRoute } from './completions-route.ts'
import { addMessagesRoute, type MessagesRouteDeps } from './messages-route.ts'
import { addModelRoutes } from './models-route.ts'

/** Requests that may wait for a reply at one time. A tenant gets at most three quarters of these places. */
const CHATS_MAX = 1_000

/** Adds all routes of chatting. They share the places of requests that wait. */
export function addChatRoutes(app: FastifyInstance, deps: Omit<ChatRouteDeps, 'places' | 'awaited'> & MessagesRouteDeps): void {
  const shared = { ...deps, places: createFairPlaces(CHATS_MAX), awaited: createAwaitedReplies(deps) }
  addChatRoute(app, shared)
  addMessagesRoute(app, deps)
  addCompletionsRoute(app, shared)
  addModelRoutes(app, deps.kinds)
}
