{{>body}}

-- 
{{portal_title}} · {{portal_url}}/portal/
