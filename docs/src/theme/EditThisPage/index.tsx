// A reference page is changed by changing its spec; the link says so.

import type {ReactNode} from 'react';
import Link from '@docusaurus/Link';
import Translate from '@docusaurus/Translate';
import Original from '@theme-original/EditThisPage';
import type {Props} from '@theme/EditThisPage';

export default function EditThisPage({editUrl}: Props): ReactNode {
  if (!editUrl.includes('/specs')) return <Original editUrl={editUrl} />;
  return (
    <Link to={editUrl} className="theme-edit-this-page">
      <Translate id="reference.editThisSpec" description="The link to the source of a reference page">
        Edit this spec
      </Translate>
    </Link>
  );
}
