/** `npm run build`: brings everything up to date and ends. */
import { withSetUp } from './setup/all';

await withSetUp(() => {});
