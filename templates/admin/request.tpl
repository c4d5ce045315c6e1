{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/requests">Key requests</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>{{name}}</h1></div></div>
{{>card}}
