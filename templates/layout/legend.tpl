{{%AUTOESCAPE context="HTML"}}
<ul class="legend">
  <li><svg class="swatch" width="10" height="10" aria-hidden="true"><rect class="c-ok" width="10" height="10"/></svg>Allowed</li>
  <li><svg class="swatch" width="10" height="10" aria-hidden="true"><rect class="c-warn" width="10" height="10"/></svg>Refused</li>
  <li><svg class="swatch" width="10" height="10" aria-hidden="true"><rect class="c-bad" width="10" height="10"/></svg>Upstream error</li>
</ul>
