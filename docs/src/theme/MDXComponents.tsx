// What pages may use without importing it.

import MDXComponents from '@theme-original/MDXComponents';
import {TryIt} from '@site/src/call/TryIt';
import {Params, Row} from '@site/src/reference/Params';

export default {...MDXComponents, Params, TryIt, tr: Row};
