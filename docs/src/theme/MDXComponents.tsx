// What pages may use without importing it.

import MDXComponents from '@theme-original/MDXComponents';
import {Params, Row} from '@site/src/reference/Params';

export default {...MDXComponents, Params, tr: Row};
