/**
 * zod compiles schemas by `new Function` where that is allowed, and finds out by trying. Our page
 * forbids it (Content-Security-Policy), and a browser would report each try as a violation.
 */
import { z } from 'zod';

z.config({ jitless: true });
