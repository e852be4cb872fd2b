/** All kinds of items that are not simply as they should be. */
import { BODIES } from './kinds/bodies.js';
import { CONNECTIONS } from './kinds/connections.js';
import type { Kind } from './kinds/kind.js';
import { LARGE } from './kinds/large.js';
import { STATUSES } from './kinds/statuses.js';

export const BAD: readonly Kind[] = [...STATUSES, ...BODIES, ...CONNECTIONS, ...LARGE];
