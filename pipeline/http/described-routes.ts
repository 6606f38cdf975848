import { ACTOR_ROUTE } from './actor-route.ts'
import { CHAT_ROUTE } from './chat/chat-route.ts'
import { COMPLETIONS_ROUTE } from './chat/completions-route.ts'
import { MESSAGES_ROUTE } from './chat/messages-route.ts'
import { MODEL_ROUTES } from './chat/models-route.ts'
import { CUSTOMER_ROUTE } from './customer-route.ts'
import type { DescribedRoute } from './described-route.ts'
import { EVALUATE_ROUTES } from './evaluate-route.ts'
import { HEALTH_ROUTES } from './health-routes.ts'
import { INPUT_ROUTE } from './input-route.ts'
import { OPENAPI_ROUTE } from './openapi/openapi-route.ts'
import { SEARCH_ROUTE } from './search-route.ts'
import { SOCKET_ROUTE } from './stream/socket-route.ts'
import { STREAM_ROUTE } from './stream/sse-route.ts'
import { TYPING_ROUTE } from './typing-route.ts'
import { UNDERSTAND_ROUTE } from './understand-route.ts'
import { VISITOR_ROUTE } from './visitors/visitor-route.ts'
import { WIDGET_ROUTES } from './widget/widget-route.ts'

/** All routes of the HTTP interface, for its OpenAPI document. A test compares them with those of the server. */
export const DESCRIBED_ROUTES: readonly DescribedRoute[] = [
  CHAT_ROUTE,
  MESSAGES_ROUTE,
  COMPLETIONS_ROUTE,
  ...MODEL_ROUTES,
  INPUT_ROUTE,
  STREAM_ROUTE,
  SOCKET_ROUTE,
  TYPING_ROUTE,
  ACTOR_ROUTE,
  CUSTOMER_ROUTE,
  SEARCH_ROUTE,
  UNDERSTAND_ROUTE,
  ...EVALUATE_ROUTES,
  VISITOR_ROUTE,
  ...WIDGET_ROUTES,
  OPENAPI_ROUTE,
  ...HEALTH_ROUTES,
]
